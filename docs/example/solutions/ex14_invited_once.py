"""Exercise 14, solved: each address is invited once."""

from collections.abc import Callable
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import EmailStr

InvitationTask = Callable[[str], object]  # takes the address


def send_invitation(email: str) -> None:
    """Imitate a mail server (ready)."""
    print(f"Come to our sale, {email}!")


def get_invitation_task() -> InvitationTask:
    """Provide the work (ready)."""
    return send_invitation


invited_before: set[str] = set()


def get_invited() -> set[str]:
    return invited_before


app = FastAPI(title="Exercise 14")
InvitationDep = Annotated[InvitationTask, Depends(get_invitation_task)]
InvitedDep = Annotated[set[str], Depends(get_invited)]


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: InvitationDep,
    invited: InvitedDep,
) -> dict[str, str]:
    if email not in invited:
        invited.add(email)
        tasks.add_task(task, email)
    return {"message": "Noted"}


# Why so: the endpoint looks into the set before it adds a task. So a second
# request that comes while the first task still runs adds nothing. The endpoint
# is an `async def` without an `await` between looking and adding: no other
# request can run in between.
#
# Another right way: a row for each address, with a unique constraint. The row
# is still there after a restart, and it also works with two processes.

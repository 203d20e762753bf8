"""Exercise 14: each address is invited once.

Story
    A shop invites its customers to a sale. They fill in a form with their
    address. Many press the button again, because they see no answer at once,
    and then get three invitations.

Build
    `POST /invite/{email}` answers each request with 202 and
    {"message": "Noted"}. The task that `get_invitation_task` returns runs
    after the response: once for each address, as long as the application
    runs. An invalid address gets a 422, and no task runs for it.

Names that the checks use
    app                  the application
    get_invitation_task  returns the work (ready), which takes the address;
                         a check replaces it in `app.dependency_overrides`

Builds on exercise 2 and on stages/s02_task_dependency.py. To try it
yourself: python3 start.py try 14

Notebook: notebooks/02_task_dependency.ipynb
"""

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


app = FastAPI(title="Exercise 14")
InvitationDep = Annotated[InvitationTask, Depends(get_invitation_task)]


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr, tasks: BackgroundTasks, task: InvitationDep
) -> dict[str, str]:
    # TODO: let the task run after the response, once for each address.
    raise NotImplementedError("invite does not add the task yet")

# Axis: the task itself checks whether the address was invited.

from fastapi.concurrency import run_in_threadpool


async def once(email: str, task: InvitationTask, invited: set[str]) -> None:
    if email not in invited:
        invited.add(email)
        await run_in_threadpool(task, email)


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: InvitationDep,
    invited: InvitedDep,
) -> dict[str, str]:
    tasks.add_task(once, email, task, invited)
    return {"message": "Noted"}

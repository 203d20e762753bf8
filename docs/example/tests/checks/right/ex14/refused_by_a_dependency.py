# Axis: a dependency returns a task that does nothing for a known address.

known: list[str] = []


async def get_task_for(email: EmailStr, task: InvitationDep) -> InvitationTask:
    if email in known:
        return lambda _: None
    known.append(email)
    return task


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: Annotated[InvitationTask, Depends(get_task_for)],
) -> dict[str, str]:
    tasks.add_task(task, email)
    return {"message": "Noted"}

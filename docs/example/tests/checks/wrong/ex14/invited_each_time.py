# Does not remember who was invited.
# fails: test_the_same_address_is_invited_once


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr, tasks: BackgroundTasks, task: InvitationDep
) -> dict[str, str]:
    tasks.add_task(task, email)
    return {"message": "Noted"}

# Remembers only the last address.
# fails: test_the_same_address_is_invited_once


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: InvitationDep,
    invited: InvitedDep,
) -> dict[str, str]:
    if email not in invited:
        invited.clear()
        invited.add(email)
        tasks.add_task(task, email)
    return {"message": "Noted"}

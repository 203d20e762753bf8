# Remembers that somebody was invited, but not who.
# fails: test_each_address_has_its_own_invitation


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: InvitationDep,
    invited: InvitedDep,
) -> dict[str, str]:
    if not invited:
        invited.add(email)
        tasks.add_task(task, email)
    return {"message": "Noted"}

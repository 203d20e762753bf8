# Accepts any text as an address.
# fails: test_an_invalid_address_invites_nobody


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: str,
    tasks: BackgroundTasks,
    task: InvitationDep,
    invited: InvitedDep,
) -> dict[str, str]:
    if email not in invited:
        invited.add(email)
        tasks.add_task(task, email)
    return {"message": "Noted"}

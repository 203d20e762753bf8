# Calls the task in the endpoint, so the client waits.
# fails: test_the_response_comes_before_the_invitation


@app.post("/invite/{email}", status_code=202)
async def invite(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: InvitationDep,
    invited: InvitedDep,
) -> dict[str, str]:
    if email not in invited:
        invited.add(email)
        task(email)
    return {"message": "Noted"}

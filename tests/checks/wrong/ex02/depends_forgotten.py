# Forgets Depends: the provider is a default value.
# fails: test_an_override_replaces_the_work, test_without_an_override_the_original_runs


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: object = get_welcome_task
) -> dict[str, str]:
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}

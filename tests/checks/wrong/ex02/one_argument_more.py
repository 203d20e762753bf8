# Hands over an argument that the task does not take.
# fails: test_an_override_replaces_the_work, test_without_an_override_the_original_runs


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep
) -> dict[str, str]:
    tasks.add_task(task, email, True)
    return {"message": "Welcome scheduled"}

# A dictionary keeps one task for each address: the next request gets an old one.
# fails: test_each_request_runs_what_it_was_given

known: dict[str, WelcomeTask] = {}


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep
) -> dict[str, str]:
    tasks.add_task(known.setdefault("task", task), email)
    return {"message": "Welcome scheduled"}

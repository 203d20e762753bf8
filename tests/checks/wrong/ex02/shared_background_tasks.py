# One BackgroundTasks for all requests.
# fails: test_each_request_runs_what_it_was_given, test_requests_at_the_same_time_do_not_mix

from fastapi.responses import JSONResponse

shared = BackgroundTasks()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks, task: WelcomeDep):
    shared.add_task(task, email)
    return JSONResponse(
        {"message": "Welcome scheduled"}, 202, background=shared
    )

# The endpoint looks up the override and calls it itself.
# fails: test_each_request_runs_what_it_was_given

from fastapi import Request


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr, tasks: BackgroundTasks, request: Request
) -> dict[str, str]:
    overrides = request.app.dependency_overrides
    provide = overrides.get(get_welcome_task, get_welcome_task)
    tasks.add_task(provide(), email)
    return {"message": "Welcome scheduled"}

# A 422 that is returned still runs the task.
# fails: test_an_invalid_address_starts_nothing

from fastapi.responses import JSONResponse
from email_validator import validate_email


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: str, tasks: BackgroundTasks, task: WelcomeDep):
    tasks.add_task(task, email)
    try:
        validate_email(email, check_deliverability=False)
    except ValueError:
        return JSONResponse({}, 422)
    return {"message": "Welcome scheduled"}

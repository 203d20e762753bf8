# Axis: a JSONResponse with a list of tasks.

from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr) -> JSONResponse:
    tasks = BackgroundTasks([BackgroundTask(send_welcome, email)])
    body = {"message": "Welcome scheduled"}
    return JSONResponse(body, 202, background=tasks)

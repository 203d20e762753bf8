# Axis: the lifespan makes the task; the provider finds it in the application's state.

from contextlib import asynccontextmanager

from fastapi import Request


def get_welcome_task(request: Request) -> WelcomeTask:
    return request.app.state.task


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: EmailStr,
    tasks: BackgroundTasks,
    task: WelcomeTask = Depends(get_welcome_task),
) -> dict[str, str]:
    tasks.add_task(task, email)
    return {"message": "Welcome scheduled"}


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.task = send_welcome
    yield


app.router.lifespan_context = lifespan

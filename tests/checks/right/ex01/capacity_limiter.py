# Axis: an async task works in a thread of anyio's, with a limit of its own.

import anyio


async def deliver(email: str) -> None:
    limiter = anyio.CapacityLimiter(2)
    await anyio.to_thread.run_sync(send_welcome, email, limiter=limiter)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(deliver, email)
    return {"message": "Welcome scheduled"}

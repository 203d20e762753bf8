# Axis: asyncio.to_thread itself is the task.

import asyncio


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(asyncio.to_thread, send_welcome, email)
    return {"message": "Welcome scheduled"}

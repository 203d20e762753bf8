# create_task, so that the response goes first: the exception is lost.
# fails: test_the_response_comes_before_the_work

import asyncio

kept = set()


async def later(email: str) -> None:
    await asyncio.sleep(0.05)
    await asyncio.to_thread(send_welcome, email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr) -> dict[str, str]:
    kept.add(asyncio.create_task(later(email)))
    return {"message": "Welcome scheduled"}

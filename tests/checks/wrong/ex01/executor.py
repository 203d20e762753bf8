# A pool of its own works after the response: the server waits for nothing.
# fails: test_the_response_comes_before_the_work

import asyncio
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor()


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr) -> dict[str, str]:
    loop = asyncio.get_running_loop()
    loop.call_later(0.02, pool.submit, send_welcome, email)
    return {"message": "Welcome scheduled"}

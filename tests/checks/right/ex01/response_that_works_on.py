# Axis: a response class of its own, which works when it has been sent.

from fastapi.responses import JSONResponse


class Later(JSONResponse):
    def __init__(self, content, status, do):
        super().__init__(content, status)
        self.do = do

    async def __call__(self, scope, receive, send):
        await super().__call__(scope, receive, send)
        await self.do()


@app.post("/welcome/{email}")
async def welcome(email: EmailStr):
    from fastapi.concurrency import run_in_threadpool

    async def do():
        await run_in_threadpool(send_welcome, email)

    return Later({"message": "Welcome scheduled"}, 202, do)

# A streaming response sends the message and then works: the stream is not over.
# fails: test_the_response_comes_before_the_work

from fastapi.responses import StreamingResponse


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr) -> StreamingResponse:
    def body():
        yield '{"message": "Welcome scheduled"}'
        send_welcome(email)

    return StreamingResponse(body(), 202, media_type="application/json")

# The client is told 202 although the settings are wrong and nothing is sent.
# fails: test_nothing_is_sent_with_a_wrong_port

from fastapi.responses import JSONResponse
from pydantic import ValidationError


@app.exception_handler(ValidationError)
async def pretend(_: object, error: ValidationError) -> JSONResponse:
    return JSONResponse({"message": "Welcome scheduled"}, 202)

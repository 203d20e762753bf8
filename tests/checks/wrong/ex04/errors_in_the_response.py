# An exception handler answers with Pydantic's errors: they hold the input.
# fails: test_no_error_shows_the_password

from fastapi import Request
from fastapi.responses import JSONResponse
from fastapi.encoders import jsonable_encoder
from pydantic import ValidationError


@app.exception_handler(ValidationError)
async def wrong(request: Request, exc: ValidationError):
    return JSONResponse({"detail": repr(exc.errors())}, 500)

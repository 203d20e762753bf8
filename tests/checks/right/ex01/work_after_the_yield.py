# Axis: no BackgroundTasks: the work stands behind the yield of a dependency.


from typing import Annotated
from fastapi import Depends


def afterwards(email: EmailStr):
    yield email
    send_welcome(email)


@app.post("/welcome/{email}", status_code=202)
async def welcome(
    email: Annotated[str, Depends(afterwards)],
) -> dict[str, str]:
    return {"message": "Welcome scheduled"}

# Takes any text with an @ for an address.
# fails: test_an_invalid_address_starts_nothing

from fastapi import HTTPException


@app.post("/welcome/{email}", status_code=202)
async def welcome(email: str, tasks: BackgroundTasks) -> dict[str, str]:
    if "@" not in email:
        raise HTTPException(422)
    tasks.add_task(send_welcome, email)
    return {"message": "Welcome scheduled"}

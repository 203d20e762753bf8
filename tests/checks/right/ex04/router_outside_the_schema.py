# Axis: a router that the schema does not show, and another name for the address.

from fastapi import APIRouter

router = APIRouter(prefix="/welcome", include_in_schema=False)
del welcome


@router.post("/{address}", status_code=202)
async def hello(address: EmailStr, tasks: BackgroundTasks, mailer: MailerDep):
    tasks.add_task(mailer, address)
    return {"message": "Welcome scheduled"}


app.include_router(router)

# Axis: a route class puts the task on the response.

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.background import BackgroundTask


class Route(APIRoute):
    def get_route_handler(self):
        handler = super().get_route_handler()

        async def handle(request):
            response = await handler(request)
            response.background = BackgroundTask(
                send_welcome, request.path_params["email"]
            )
            return response

        return handle


router = APIRouter(route_class=Route)


@router.post("/welcome/{email}", status_code=202)
async def welcome(email: EmailStr):
    return {"message": "Welcome scheduled"}


app.include_router(router)

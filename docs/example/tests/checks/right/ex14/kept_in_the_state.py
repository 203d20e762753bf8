# Axis: the application's state keeps who was invited.

from fastapi import Request


async def get_invited(request: Request) -> set[str]:
    state = request.app.state
    if not hasattr(state, "invited"):
        state.invited = set()
    return state.invited


InvitedDep = Annotated[set[str], Depends(get_invited)]

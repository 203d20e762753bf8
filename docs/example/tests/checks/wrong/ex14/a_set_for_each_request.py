# Makes a new set for each request.
# fails: test_the_same_address_is_invited_once


def get_invited() -> set[str]:
    return set()


InvitedDep = Annotated[set[str], Depends(get_invited)]

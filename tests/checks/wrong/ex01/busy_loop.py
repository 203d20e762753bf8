# An `async def` computes for three seconds, without any sleep.
# fails: test_others_are_answered_while_it_works


async def send_welcome(email: str) -> None:
    """Stand in for a slow mail server (given)."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        pass
    print(f"Welcome, {email}!")

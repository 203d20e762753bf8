# An `async def` computes for three seconds, without any sleep.
# fails: test_others_are_answered_while_it_works


async def send_welcome(email: str) -> None:
    """Imitate a slow mail server (ready)."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        pass
    print(f"Welcome, {email}!")

# The work is an `async def` now, and still calls time.sleep.
# fails: test_others_are_answered_while_it_works


async def send_welcome(email: str) -> None:
    time.sleep(3)
    print(f"Welcome, {email}!")

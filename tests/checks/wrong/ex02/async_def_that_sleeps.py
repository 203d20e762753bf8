# The work is an `async def` now, and calls time.sleep.
# fails: test_without_an_override_the_original_runs

import time


async def send_welcome(email: str) -> None:
    """Imitate a mail server (ready)."""
    time.sleep(3)
    print(f"Welcome, {email}!")

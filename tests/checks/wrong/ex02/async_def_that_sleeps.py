# The work is an `async def` now, and calls time.sleep.
# fails: test_others_are_answered_while_a_task_works

import time


async def send_welcome(email: str) -> None:
    """Imitate a mail server (ready)."""
    time.sleep(3)
    print(f"Welcome, {email}!")

# Gives an `async def` that calls the work, which blocks.
# fails: test_without_an_override_the_original_runs


def get_welcome_task() -> WelcomeTask:
    async def task(email: str) -> None:
        send_welcome(email)

    return task

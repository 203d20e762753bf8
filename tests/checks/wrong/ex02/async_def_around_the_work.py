# Gives an `async def` that calls the work, which blocks.
# fails: test_others_are_answered_while_a_task_works


def get_welcome_task() -> WelcomeTask:
    async def task(email: str) -> None:
        send_welcome(email)

    return task

# The task is a class whose instance works when it is made: too early.
# fails: test_without_an_override_the_original_runs


class Welcome:
    def __init__(self, email: str) -> None:
        send_welcome(email)

    def __call__(self, email: str) -> None:
        """Do nothing more."""


def get_welcome_task(email: EmailStr) -> WelcomeTask:
    return Welcome(email)

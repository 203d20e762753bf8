# The provider prints, and gives a task that does nothing.
# fails: test_without_an_override_the_original_runs


def get_welcome_task(email: EmailStr) -> WelcomeTask:
    send_welcome(email)
    return lambda email: None

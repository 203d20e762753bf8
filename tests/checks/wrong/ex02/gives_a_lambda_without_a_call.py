# Gives a lambda that hands the function back.
# fails: test_without_an_override_the_original_runs


def get_welcome_task() -> WelcomeTask:
    return lambda email: send_welcome

# The lines are printed, and not logged.
# fails: test_start_and_done_have_the_time_of_the_task


def get_audit_task(
    clock: Annotated[Clock, Depends(get_clock)],
    work: Annotated[WelcomeTask, Depends(get_welcome_task)],
) -> WelcomeTask:
    def audit(email: str) -> None:
        print("start", email, clock().isoformat())
        work(email)
        print("done", email, clock().isoformat())

    return audit

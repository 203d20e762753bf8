# The request's session is captured, closed before the task: it silently opens again.
# fails: test_a_task_has_a_session_of_its_own

FunctionDep = Annotated[Session, Depends(get_session, scope="function")]


def get_task_tracker(session: FunctionDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        try:
            work(session, task_name)
            end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            session.rollback()
            end(session.get_one(TaskLog, log_id), "failed", str(exc))
        session.commit()
        session.close()

    return track

# The work has a session of its own, the record is made with the request's.
# fails: test_a_task_has_a_session_of_its_own


def get_task_tracker(
    new_session: SessionsDep, session: SessionDep, work: WorkDep
) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        log = session.get_one(TaskLog, log_id)
        try:
            with new_session.begin() as own:
                work(own, task_name)
        except Exception as exc:
            end(log, "failed", str(exc))
        else:
            end(log, "completed")
        session.commit()

    return track

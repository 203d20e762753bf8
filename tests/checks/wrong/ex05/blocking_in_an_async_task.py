# Work that blocks is called in an async def: everybody waits.
# fails: test_others_are_answered_while_a_task_works


def get_task_tracker(new_session: SessionsDep, work: WorkDep):
    async def track(log_id: int, task_name: str) -> None:
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))
            raise

    return track

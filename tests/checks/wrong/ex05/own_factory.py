# The task's sessions come from a factory of the module, whatever is provided.
# fails: test_a_task_has_a_session_of_its_own, test_the_row_can_be_read_while_the_task_runs, test_a_failing_task_is_recorded_as_failed

from sqlalchemy.pool import StaticPool


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    options = {"check_same_thread": False}
    engine = sa.create_engine(
        "sqlite://", poolclass=StaticPool, connect_args=options
    )
    Base.metadata.create_all(engine)
    return sessionmaker(engine, expire_on_commit=False)


def get_task_tracker(work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        new_session = get_session_factory()
        try:
            with new_session.begin() as session:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
        except Exception as exc:
            with new_session.begin() as session:
                end(session.get_one(TaskLog, log_id), "failed", str(exc))

    return track

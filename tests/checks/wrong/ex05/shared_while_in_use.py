# Tasks that run at the same time share a session; the last one closes it.
# fails: test_two_tasks_do_not_share_a_session

import threading

lock = threading.Lock()
shared: dict[str, Session] = {}
users: list[str] = []


def get_task_tracker(new_session: SessionsDep, work: WorkDep) -> TaskTracker:
    def track(log_id: int, task_name: str) -> None:
        with lock:
            session = shared.setdefault("session", None) or new_session()
            shared["session"] = session
            try:
                work(session, task_name)
                end(session.get_one(TaskLog, log_id), "completed")
            except Exception as exc:
                session.rollback()
                end(session.get_one(TaskLog, log_id), "failed", str(exc))
            session.commit()
            users.remove(task_name)
            if not users:
                shared.clear()
                session.close()

    return track


@app.post("/run-task/{task_name}", status_code=202)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    users.append(task_name)
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    tasks.add_task(track, log.id, task_name)
    return {"id": log.id}

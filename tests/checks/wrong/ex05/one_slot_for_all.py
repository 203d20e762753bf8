# A lock that is held until the task has ended keeps the next request waiting.
# fails: test_others_are_answered_while_a_task_works

import threading

one = threading.Lock()


def get_slot() -> Iterator[None]:
    with one:
        yield


@app.post(
    "/run-task/{task_name}", status_code=202, dependencies=[Depends(get_slot)]
)
def run_task(
    task_name: str,
    tasks: BackgroundTasks,
    session: SessionDep,
    track: TrackerDep,
) -> dict[str, int]:
    log = TaskLog(task_name=task_name)
    session.add(log)
    session.commit()
    tasks.add_task(track, log.id, task_name)
    return {"id": log.id}

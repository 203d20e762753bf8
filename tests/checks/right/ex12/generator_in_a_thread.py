# Axis: the endpoint is a plain generator, which sleeps in a thread.

from collections.abc import Iterator


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
def events(job: JobDep) -> Iterator[JobState]:
    while True:
        state = job.state
        yield state
        if state.is_final:
            return
        time.sleep(0.05)

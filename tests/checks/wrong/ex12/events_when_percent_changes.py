# Sends an event only when percent has changed.
# fails: test_the_events_end_however_the_job_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    before = -1.0
    while True:
        state, changed = job.state, job.changed
        if state.percent != before:
            before = state.percent
            yield state
        if state.is_final:
            return
        await changed.wait()

# Who comes late waits for a change that never comes.
# fails: test_a_late_listener_hears_the_end


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    changed = job.changed
    yield job.state
    while True:
        await changed.wait()
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return

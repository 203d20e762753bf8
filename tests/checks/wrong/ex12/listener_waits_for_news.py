# The first event comes with the next change.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        await changed.wait()
        state = job.state
        yield state
        if state.is_final:
            return

# The first event is how every job begins.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    yield JobState(id=job.state.id, total=job.state.total)
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        await changed.wait()

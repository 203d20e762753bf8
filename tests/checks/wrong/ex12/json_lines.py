# The response class is forgotten: JSON lines, no events.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


@app.get("/jobs/{job_id}/events")
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        await changed.wait()

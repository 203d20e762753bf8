# The events end with 100 percent, and with nothing else.
# fails: test_the_events_end_however_the_job_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.status == "completed":
            return
        await changed.wait()

# Sends the events of the job that was ordered first.
# fails: test_a_listener_hears_of_its_own_job_only, test_the_events_end_however_the_job_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    job = next(iter(jobs.jobs.values()))
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        await changed.wait()

# A listener that leaves stops the job.
# fails: test_a_listener_that_leaves_harms_nothing


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    try:
        while True:
            state, changed = job.state, job.changed
            yield state
            if state.is_final:
                return
            await changed.wait()
    finally:
        job.stop = True

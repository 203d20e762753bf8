# Pauses by time.sleep in an `async def`.
# fails: test_listeners_take_nothing_from_each_other, test_a_listener_that_leaves_harms_nothing


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        time.sleep(0.2)

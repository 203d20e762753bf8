# The listener sleeps in the event loop: nobody else does anything meanwhile.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state = job.state
        yield state
        if state.is_final:
            return
        while job.state is state:
            time.sleep(0.1)

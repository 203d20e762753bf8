# Looks for news every three seconds.
# fails: test_an_idle_listener_costs_next_to_nothing


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        await asyncio.sleep(3)

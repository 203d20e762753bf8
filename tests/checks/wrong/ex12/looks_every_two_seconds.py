# Looks for news every two seconds.
# fails: test_an_idle_listener_costs_next_to_nothing


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state = job.state
        yield state
        if state.is_final:
            return
        await asyncio.sleep(2)

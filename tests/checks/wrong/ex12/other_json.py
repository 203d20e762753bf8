# The data is not what GET shows: a bar of its own.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[dict]:
    while True:
        state, changed = job.state, job.changed
        yield {"percent": state.percent}
        if state.is_final:
            return
        await changed.wait()

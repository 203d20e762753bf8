# Yields the JSON as a text, which is packed a second time.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[str]:
    while True:
        state, changed = job.state, job.changed
        yield state.model_dump_json()
        if state.is_final:
            return
        await changed.wait()

# Who comes late hears nothing at all.
# fails: test_a_late_listener_hears_the_end


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    over = job.state.is_final
    while not over:
        state, changed = job.state, job.changed
        over = state.is_final
        yield state
        if not over:
            await changed.wait()

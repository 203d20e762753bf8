# The last state is not sent: the job was over while another was on its way.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        changed = job.changed
        yield job.state
        await changed.wait()
        if job.state.is_final:
            return

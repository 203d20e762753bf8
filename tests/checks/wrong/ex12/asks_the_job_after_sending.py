# Ended while it sends a state, the job is over for it: the end is not sent.
# fails: test_the_events_end_however_the_job_ends


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    sent = None
    while True:
        if job.state is not sent:
            sent = job.state
            yield sent
        if job.state.is_final:
            return
        await asyncio.sleep(0.2)

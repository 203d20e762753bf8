# Axis: a comment every fifteen seconds keeps a connection open.


@app.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobDep) -> AsyncIterator[JobState]:
    while True:
        state, changed = job.state, job.changed
        yield state
        if state.is_final:
            return
        news = asyncio.ensure_future(changed.wait())
        while not news.done():
            beat = asyncio.ensure_future(asyncio.sleep(15))
            await asyncio.wait(
                {news, beat}, return_when=asyncio.FIRST_COMPLETED
            )
            beat.cancel()

# It ends when the job is over, whatever it has sent last.
# fails: test_the_events_end_however_the_job_ends
from fastapi.responses import StreamingResponse


@app.get("/jobs/{job_id}/events")
async def events(job: JobDep) -> StreamingResponse:
    async def body() -> AsyncIterator[str]:
        sent = None
        while True:
            if job.state is not sent:
                sent = job.state
                yield f"data: {sent.model_dump_json()}\n\n"
            if job.state.is_final:
                return
            await asyncio.sleep(0.01)

    return StreamingResponse(body(), media_type="text/event-stream")

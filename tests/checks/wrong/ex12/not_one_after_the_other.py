# All steps begin at once.
# fails: test_a_job_goes_on_step_by_step


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            numbers = range(1, total + 1)
            for each in asyncio.as_completed(map(step, numbers)):
                await each
                done = job.state.done + 1
                job.update(done=done, percent=100 * done // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

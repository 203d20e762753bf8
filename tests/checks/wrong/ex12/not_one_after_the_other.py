# All steps begin at once.
# fails: test_a_job_goes_on_step_by_step


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        numbers = range(1, total + 1)

        async def one(number: int) -> None:
            await step(number)
            done = job.state.done + 1
            job.update(done=done, percent=100 * done // total)

        job.update(status="running")
        try:
            await asyncio.gather(*(one(number) for number in numbers))
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

# Counts the steps from 0.
# fails: test_a_job_goes_on_step_by_step


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(total):
                if job.stop:
                    job.update(status="cancelled")
                    return
                await step(number)
                job.update(done=number, percent=100 * number // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

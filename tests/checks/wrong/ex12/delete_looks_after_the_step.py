# The worker looks after each step: the first begins in any case.
# fails: test_a_job_can_be_stopped_before_it_begins


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                await step(number)
                job.update(done=number, percent=100 * number // total)
                if job.stop and number < total:
                    job.update(status="cancelled")
                    return
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

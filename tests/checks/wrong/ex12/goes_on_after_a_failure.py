# A failed step does not end the job.
# fails: test_a_failure_keeps_the_progress


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    job.update(status="cancelled")
                    return
                try:
                    await step(number)
                except Exception as exc:
                    job.update(error=str(exc))
                else:
                    job.update(done=number, percent=100 * number // total)
        finally:
            pass
        if job.state.error:
            job.update(status="failed")
            return
        job.update(status="completed")

    return work

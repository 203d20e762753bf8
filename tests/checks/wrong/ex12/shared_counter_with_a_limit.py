# One counter for all jobs, held below the total.
# fails: test_two_jobs_do_not_mix

count = 0


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        global count
        count = 0
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    job.update(status="cancelled")
                    return
                await step(number)
                count = min(count + 1, total)
                job.update(done=count, percent=100 * count // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

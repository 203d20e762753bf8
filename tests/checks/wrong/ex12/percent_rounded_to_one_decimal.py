# Rounded to one decimal: 1999 of 2000 steps are 100.0 percent.
# fails: test_percent_is_100_only_at_the_end


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    job.update(status="cancelled")
                    return
                await step(number)
                percent = round(100 * number / total, 1)
                job.update(done=number, percent=percent)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

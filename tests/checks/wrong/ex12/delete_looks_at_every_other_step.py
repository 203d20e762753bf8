# The worker looks before every other step only.
# fails: test_a_delete_stops_no_other_job


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop and number % 2:
                    job.update(status="cancelled")
                    return
                await step(number)
                job.update(done=number, percent=100 * number // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

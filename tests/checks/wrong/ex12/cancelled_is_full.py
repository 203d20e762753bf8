# A job that is cancelled shows that all is done.
# fails: test_no_step_begins_after_a_delete


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    job.update(status="cancelled", done=total, percent=100)
                    return
                await step(number)
                job.update(done=number, percent=100 * number // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

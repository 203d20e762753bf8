# Does a step that fails once more.
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
                except Exception:
                    await step(number)
                job.update(done=number, percent=100 * number // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

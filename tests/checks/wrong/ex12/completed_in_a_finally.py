# Says "completed" in a `finally`, however it ended.
# fails: test_a_failure_keeps_the_progress, test_no_step_begins_after_a_delete


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
                job.update(done=number, percent=100 * number // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
        finally:
            job.update(status="completed")

    return work

# Only failures that it knows are recorded.
# fails: test_a_failure_keeps_the_progress, test_the_events_end_however_the_job_ends, test_what_finished_longest_ago_is_forgotten_first


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
        except (ValueError, RuntimeError) as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

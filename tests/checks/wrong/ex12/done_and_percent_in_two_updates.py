# Changes percent first and done a moment later: an event may come in between.
# fails: test_a_listener_hears_how_it_is_and_how_it_ends


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
                job.update(percent=100 * number // total)
                await asyncio.sleep(0)
                job.update(done=number)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

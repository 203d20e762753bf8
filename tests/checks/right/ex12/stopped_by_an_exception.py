# Axis: an exception of its own ends a stopped job.


class StoppedError(Exception):
    pass


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    raise StoppedError
                await step(number)
                job.update(done=number, percent=100 * number // total)
        except StoppedError:
            job.update(status="cancelled")
            return
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

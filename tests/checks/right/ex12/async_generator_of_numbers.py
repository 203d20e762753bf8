# Axis: an async generator gives the numbers, and raises when it has to stop.


import contextlib


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def numbers(job):
        for number in range(1, job.state.total + 1):
            if job.stop:
                raise asyncio.CancelledError
            yield number

    async def work(job: Job) -> None:
        job.update(status="running")
        try:
            async with contextlib.aclosing(numbers(job)) as todo:
                async for number in todo:
                    await step(number)
                    job.update(
                        done=number, percent=number * 100 / job.state.total
                    )
        except asyncio.CancelledError:
            job.update(status="cancelled")
        except Exception as exc:
            job.update(status="failed", error=f"{exc}")
        else:
            job.update(status="completed")

    return work

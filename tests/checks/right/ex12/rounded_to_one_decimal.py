# Axis: percent with one decimal, rounded down; a failure is not raised again.

import math


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
                job.update(
                    done=number, percent=math.floor(1000 * number / total) / 10
                )
        except Exception as exc:
            job.update(status="failed", error=str(exc))
        else:
            job.update(status="completed")

    return work

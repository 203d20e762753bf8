"""Stage 6's own engine: BackgroundTasks, in this process."""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request

from stages.s06_at_work.queue import Queue
from stages.s06_at_work.settings import get_logger
from stages.s06_at_work.tasks import call, run_task


class BackgroundQueue(Queue):
    """Runs the task in this process, after the response.

    Without BackgroundTasks, in a script or in another task: at once.
    """

    durable = False

    def __init__(
        self, background_tasks: BackgroundTasks | None = None
    ) -> None:
        self.background_tasks = background_tasks

    def publish(self, log_id: int) -> None:
        if self.background_tasks:
            self.background_tasks.add_task(run_here, log_id)
        else:
            run_here(log_id)


def run_here(log_id: int) -> None:
    try:
        call(run_task, log_id)
    except Exception as error:  # nobody tries again
        get_logger().error("Task %s is not done: %r", log_id, error)


async def get_queue(
    request: Request, background_tasks: BackgroundTasks
) -> Queue:
    queue: Queue | None = request.app.state.queue
    return queue or BackgroundQueue(background_tasks)


QueueDep = Annotated[Queue, Depends(get_queue)]

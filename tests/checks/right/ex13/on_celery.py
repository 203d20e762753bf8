# Axis: Celery is the queue, and its own retry counts and pauses; the web process knows its task by name alone.

from typing import Any


class OnQueue:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        from kombu.exceptions import OperationalError

        try:
            sent = get_celery(self.settings.url).send_task(
                "deliver", (name, kwargs)
            )
        except OperationalError as exc:
            raise BrokerGoneError(str(exc)) from exc
        return sent.id


@lru_cache
def get_celery(url: str) -> Any:
    from celery import Celery

    celery = Celery("ex13", broker=url, set_as_current=False)
    celery.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        broker_transport_options={
            "max_retries": 0,
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
        },
    )

    @celery.task(bind=True, name="deliver", shared=False)
    def deliver(self: Any, name: str, kwargs: dict[str, JsonValue]) -> None:
        settings = get_settings()
        tasks = get_tasks(settings, get_session_factory(settings), get_work())
        try:
            tasks[name](**kwargs)
        except Exception as exc:
            again = settings.max_attempts - 1
            raise self.retry(
                exc=exc, countdown=settings.retry_delay, max_retries=again
            ) from exc

    return celery


def run_worker() -> None:
    celery = get_celery(get_settings().url)
    celery.worker_main(["worker", "--concurrency=1", "--without-mingle"])


del get_queue
del deliver_queued

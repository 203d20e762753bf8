# The queue is told to run its jobs where they are enqueued.
# fails: test_on_a_queue_a_worker_does_it


class OnQueue:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        from redis import RedisError
        from rq import Retry

        again = self.settings.max_attempts - 1
        pause = math.ceil(self.settings.retry_delay)
        queue = get_queue(self.settings.url)
        queue._is_async = False
        try:
            job = queue.enqueue(
                deliver_queued,
                args=(name, kwargs),
                retry=Retry(again, pause) if again else None,
                result_ttl=0,
            )
        except RedisError as exc:
            raise BrokerGoneError(str(exc)) from exc
        return job.id

# Knows a refused connection, and no time-out.
# fails: test_a_broker_that_never_answers_is_a_503_too


class OnQueue:
    """Leave the delivery to a worker: see run_worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        from redis import ConnectionError  # noqa: PLC0415 (only a queue needs it)
        from rq import Retry  # noqa: PLC0415

        again = self.settings.max_attempts - 1
        pause = math.ceil(self.settings.retry_delay)
        try:
            job = get_queue(self.settings.url).enqueue(
                deliver_queued,
                args=(name, kwargs),
                retry=Retry(again, pause) if again else None,
                result_ttl=0,  # the row is the result
            )
        except ConnectionError as exc:
            raise BrokerGoneError(str(exc)) from exc
        return job.id

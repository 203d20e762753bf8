# On the queue there is no second try.
# fails: test_on_a_queue_it_is_dead_after_the_last_try


class OnQueue:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def enqueue(self, name: str, /, **kwargs: JsonValue) -> str:
        from redis import RedisError

        try:
            job = get_queue(self.settings.url).enqueue(
                deliver_queued,
                args=(name, kwargs),
                result_ttl=0,
            )
        except RedisError as exc:
            raise BrokerGoneError(str(exc)) from exc
        return job.id

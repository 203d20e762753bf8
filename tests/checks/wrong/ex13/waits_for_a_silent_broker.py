# Nothing limits how long the web process waits for an answer.
# fails: test_a_broker_that_never_answers_is_a_503_too


@lru_cache
def get_queue(url: str) -> "Queue":
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    from rq import Queue
    from rq.serializers import JSONSerializer

    redis = Redis.from_url(
        url, socket_timeout=None, retry=Retry(NoBackoff(), 0)
    )
    return Queue("ex13", connection=redis, serializer=JSONSerializer)

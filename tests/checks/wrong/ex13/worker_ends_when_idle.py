# The worker does what there is, and ends.
# fails: test_on_a_queue_a_worker_does_it


def run_worker() -> None:
    from rq import Worker

    queue = get_queue(get_settings().url)
    Worker([queue], serializer=queue.serializer).work(burst=True)

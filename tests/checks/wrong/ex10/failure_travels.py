# Records the failure and raises again: the tasks after it never run.
# fails: test_a_failing_file_fails_alone


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = processor(path)
    except Exception as exc:
        update(file_id, status="failed", error=str(exc))
        raise
    update(file_id, status="done", **measures)

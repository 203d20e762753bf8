# Says that it failed, not why.
# fails: test_a_failing_file_fails_alone


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = processor(path)
    except Exception as exc:
        update(file_id, status="failed", error=type(exc).__name__)
    else:
        update(file_id, status="done", **measures)

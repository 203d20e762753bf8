# Names the type of the exception only.
# fails: test_a_failing_file_fails_alone


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = processor(path)
    except Exception as exc:
        logger.exception("file %s failed", file_id)
        update(file_id, status="failed", error=repr(type(exc)))
    else:
        update(file_id, status="done", **measures)

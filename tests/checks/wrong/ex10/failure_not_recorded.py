# A failing processor leaves the record as it was.
# fails: test_a_failing_file_fails_alone


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    update(file_id, status="done", **processor(path))

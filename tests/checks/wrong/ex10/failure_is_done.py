# A failing file is done, with an error.
# fails: test_a_failing_file_fails_alone


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        update(file_id, **processor(path))
    except Exception as exc:
        update(file_id, error=str(exc))
    update(file_id, status="done")

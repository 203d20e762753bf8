# Remembers the first result for every file.
# fails: test_the_processor_measures_any_file, test_each_file_of_a_request_is_processed_as_itself

first: dict[str, Any] = {}


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        found = processor(path)
    except Exception as exc:
        update(file_id, status="failed", error=str(exc))
    else:
        update(file_id, status="done", **(first.setdefault("it", found)))

# Calls its own function, whatever the processor is.
# fails: test_the_response_does_not_wait_for_the_processor


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = measure(path)
    except Exception as exc:
        update(file_id, status="failed", error=str(exc))
    else:
        update(file_id, status="done", **measures)

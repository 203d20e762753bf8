# An `async def` task calls the processor, which blocks the event loop.
# fails: test_others_are_answered_while_a_file_is_processed


async def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = processor(path)
    except Exception as exc:
        logger.exception("file %s failed", file_id)
        update(file_id, status="failed", error=str(exc))
    else:
        update(file_id, status="done", **measures)

# Writes the result into a file of its own, beside the upload.
# fails: test_nothing_but_the_uploads_is_left


def process(file_id: str, path: Path, processor: Processor) -> None:
    update(file_id, status="processing")
    try:
        measures = processor(path)
    except Exception as exc:
        update(file_id, status="failed", error=str(exc))
    else:
        path.with_suffix(".txt").write_text(f"{measures['lines']}\n")
        update(file_id, status="done", **measures)

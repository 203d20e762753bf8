# Counts a carriage return as the end of a line, too.
# fails: test_the_processor_measures_any_file


def measure(path: Path) -> dict[str, Any]:
    size, lines, last = 0, 0, b"\n"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            lines += len(chunk.splitlines())
            digest.update(chunk)
            last = chunk[-1:]
    return {"size": size, "sha256": digest.hexdigest(), "lines": lines}

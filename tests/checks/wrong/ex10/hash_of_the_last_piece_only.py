# Makes a new hash for each piece.
# fails: test_the_processor_measures_any_file


def measure(path: Path) -> dict[str, Any]:
    size, lines, last = 0, 0, b"\n"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            size += len(chunk)
            lines += chunk.count(b"\n")
            digest = hashlib.sha256(chunk)
            last = chunk[-1:]
    if last != b"\n":
        lines += 1  # the last line does not end in a newline
    return {"size": size, "sha256": digest.hexdigest(), "lines": lines}

# Takes the file for text: not all bytes are.
# fails: test_the_processor_measures_any_file


def measure(path: Path) -> dict[str, Any]:
    size, last, lines, digest = 0, "\n", 0, hashlib.sha256()
    with path.open(encoding="utf-8", newline="") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk.encode())
            size += len(chunk.encode())
            lines += chunk.count("\n")
            last = chunk[-1]
    lines += last != "\n"
    return {"size": size, "sha256": digest.hexdigest(), "lines": lines}

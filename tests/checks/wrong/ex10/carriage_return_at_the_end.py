# Takes a carriage return at the end of the file for a newline.
# fails: test_the_processor_measures_any_file


def measure(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        lines = sum(
            piece.count(b"\n") for piece in iter(lambda: file.read(CHUNK), b"")
        )
        if size:
            file.seek(-1, 2)
            lines += file.read(1) not in b"\r\n"
    return {"size": size, "sha256": digest, "lines": lines}

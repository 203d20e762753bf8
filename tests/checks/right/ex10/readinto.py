# Axis: a buffer that is read into.


def measure(path: Path) -> dict[str, Any]:
    size, lines, last = 0, 0, b"\n"
    digest = hashlib.sha256()
    with path.open("rb") as file:
        buffer = memoryview(bytearray(CHUNK))
        while number := file.readinto(buffer):
            chunk = bytes(buffer[:number])
            size += len(chunk)
            lines += chunk.count(b"\n")
            digest.update(chunk)
            last = chunk[-1:]
    if last != b"\n":
        lines += 1  # the last line does not end in a newline
    return {"size": size, "sha256": digest.hexdigest(), "lines": lines}

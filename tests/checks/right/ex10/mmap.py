# Axis: the file is mapped into memory, and hashlib reads it.


import mmap


def measure(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        lines = 0
        if size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                at = data.find(b"\n")
                while at >= 0:
                    lines += 1
                    at = data.find(b"\n", at + 1)
                lines += data[-1] != 10
    return {"size": size, "sha256": sha256, "lines": lines}

# The processor reads all of the file at once.
# fails: test_a_large_file_is_processed_in_pieces


def measure(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "lines": content.count(b"\n")
        + (content != b"" and not content.endswith(b"\n")),
    }

# The processor reads lines, and one may be as long as the file.
# fails: test_a_large_file_is_processed_in_pieces


def measure(path: Path) -> dict[str, Any]:
    size, lines, digest = 0, 0, hashlib.sha256()
    with path.open("rb") as file:
        for line in file:
            size += len(line)
            lines += 1
            digest.update(line)
    return {"size": size, "sha256": digest.hexdigest(), "lines": lines}

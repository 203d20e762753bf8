"""Freeze a PostgreSQL server, as a stopped virtual machine does."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def server_of(url: str) -> psutil.Process:
    """Return the process that listens at a URL with ?host=FOLDER."""
    match = re.search(r"host=([^&]+)", url)
    assert match
    pid_file = Path(match[1], "postmaster.pid")
    return psutil.Process(int(pid_file.read_text().split()[0]))


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Let all of its processes stand still for a while."""
    server = server_of(url)
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()

"""Freeze a PostgreSQL server, as a stopped virtual machine does."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg


def server_of(url: str) -> psutil.Process:
    """Return the process that starts one for each connection."""
    with psycopg.connect(url) as connection:
        process = psutil.Process(connection.info.backend_pid).parent()
    assert process
    return process


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

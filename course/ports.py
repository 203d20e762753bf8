"""Which port to listen on: the one asked for, or the next that is free."""

import contextlib
import os
import socket

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback; OSError if it is taken.

    The protocol is named: asyncio turns Nagle's algorithm off only then, and
    each answer would wait some 40 ms.
    """
    found = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    try:
        if os.name != "nt":  # there it would share a port that is taken
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen()
    except OSError:
        found.close()
        raise
    return found


def is_taken(port: int) -> bool:
    """Whether a program of this machine listens on a port."""
    try:
        listen(port).close()
    except OSError:
        return True
    return False


def listen_near(port: int) -> socket.socket:
    """Return a socket on `port`, one of the next twenty, or any."""
    for number in range(port, port + 20):
        with contextlib.suppress(OSError):
            return listen(number)
    return listen(0)


def number_of(listening: socket.socket) -> int:
    """Return the port that a socket listens on."""
    port: int = listening.getsockname()[1]
    return port


def free_port() -> int:
    """Return a port that the system has just found free."""
    with listen(0) as found:
        return number_of(found)

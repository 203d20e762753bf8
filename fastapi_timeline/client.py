"""Send one request and time the wait, with the standard library alone."""

import contextlib
import http.client
import json
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event, Timer
from time import perf_counter_ns
from urllib.parse import quote, urlencode, urlsplit


class RequestError(Exception):
    """No answer was recorded; the text says why."""


class WrittenError(RequestError):
    """The request cannot be sent as it was written; the text says why."""


@dataclass(frozen=True)
class Request:
    """What to send."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()  # a name may come twice
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What came back; `waited` by the process's clock, in nanoseconds."""

    status: int
    body: bytes  # its beginning, KEPT bytes at most
    waited: tuple[int, int]
    whole: bool = True  # False: the time was over and the client left


KEPT = 64 * 1024  # of an answer, which may be an endless stream


def build(
    method: str,
    path: str,
    headers: Iterable[str] = (),
    data: str | None = None,
    form: Iterable[str] = (),
) -> Request:
    """Make a request of what a command line says.

    `data` is JSON, `headers` are "name:value" and `form` "name=value".
    WrittenError says which of them is not.
    """
    if not method.isalpha():
        raise WrittenError(
            f"{method!r} is no method: write GET, POST, … and then the path."
        )
    if not path.startswith("/"):
        raise WrittenError(f"A path begins with a slash: /{path}")
    sent = [
        (name.strip(), value.strip())
        for name, value in _pairs(headers, ":", "header")
    ]
    fields = list(_pairs(form, "=", "form field"))
    if data is not None and fields:
        raise WrittenError("A request has JSON or a form, not both.")
    for name, value in sent:
        if not (SENDABLE[0].match(name) and SENDABLE[1].match(value)):
            raise WrittenError(
                f"A header cannot be sent as {name!r}: {value!r}: its name has"
                " letters, digits and hyphens, its value no line break."
            )
    body, kind = None, ""
    if data is not None:
        body, kind = _json(data), "application/json"
    elif fields:
        body = urlencode(fields).encode()
        kind = "application/x-www-form-urlencoded"
    if kind and not _has("content-type", sent):
        sent.append(("content-type", kind))
    path = quote(path, safe="/?&=%:;,+@!$'()*~#[]")
    return Request(method.upper(), path, tuple(sent), body)


# A name, and a value: `\xff` is the last character that HTTP can send.
SENDABLE = (
    re.compile(r"[\w!#$%&'*+.^`|~-]+\Z", re.ASCII),
    re.compile(r"[^\0\r\n\u0100-\U0010ffff]*\Z"),
)


def _pairs(
    texts: Iterable[str], sign: str, what: str
) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, found, value = text.partition(sign)
        if not found or (sign == ":" and not name.strip()):
            raise WrittenError(
                f"{text!r} is no {what}: write it as name{sign}value."
            )
        yield name, value


def _has(name: str, headers: Iterable[tuple[str, str]]) -> bool:
    return any(other.lower() == name for other, _ in headers)


def _json(text: str) -> bytes:
    try:
        json.loads(text)
    except ValueError as exc:
        raise WrittenError(
            f"The JSON cannot be read ({exc}): quote all of it,"
            """ as in --json '{"name": "Ada"}'."""
        ) from None
    return text.encode()


def send(url: str, request: Request, seconds: float) -> Answer:
    """Send it on a connection of its own and wait for the last byte.

    After `seconds` it leaves: an answer that had begun is given as far as
    it came. RequestError says why none came.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=seconds
    )
    body, status, over = b"", 0, Event()
    with contextlib.closing(connection):
        try:
            connection.connect()  # what the client waits for is the answer
            began = perf_counter_ns()
            with _leaving(connection.sock, seconds, over):
                _put(connection, request)
                response = connection.getresponse()
                status = response.status
                while part := response.read1(KEPT):
                    body += part[: KEPT - len(body)]
        except (OSError, http.client.HTTPException, ValueError) as exc:
            if not over.is_set() and not isinstance(exc, TimeoutError):
                raise RequestError(
                    f"The server gave no answer, {type(exc).__name__}: {exc}."
                ) from None
            over.set()
    if over.is_set() and not status:
        raise RequestError(
            f"No answer after {seconds:g} s: give it more with --wait."
        )
    waited = (began, perf_counter_ns())
    return Answer(status, body, waited, whole=not over.is_set())


@contextlib.contextmanager
def _leaving(
    sock: socket.socket, seconds: float, over: Event
) -> Iterator[None]:
    """End whatever waits at the socket when the time is over.

    A socket's own time-out is for each read, and each part of a stream
    would begin it anew.
    """

    def leave() -> None:
        over.set()
        with contextlib.suppress(OSError):  # it has ended meanwhile
            sock.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, leave)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _put(connection: http.client.HTTPConnection, request: Request) -> None:
    """Write the request, each header as often as it was asked for."""
    headers = request.headers
    connection.putrequest(
        request.method,
        request.path,
        skip_host=_has("host", headers),
        skip_accept_encoding=_has("accept-encoding", headers),
    )
    for name, value in headers:
        connection.putheader(name, value)
    length = len(request.body or b"")
    needed = request.body is not None or request.method in BODIES
    if needed and not _has("content-length", headers):
        connection.putheader("content-length", str(length))
    connection.endheaders(request.body)


BODIES = {"POST", "PUT", "PATCH"}  # without one, its length is said: 0

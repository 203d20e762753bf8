"""Send one request and time the wait, with the standard library alone."""

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
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
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What came back; `waited` by the process's clock, in nanoseconds."""

    status: int
    body: bytes
    waited: tuple[int, int]


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
    sent = {}
    for text in headers:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise WrittenError(
                f"{text!r} is no header: write it as name:value."
            )
        sent[name.strip()] = value.strip()
    fields = []
    for text in form:
        name, equals, value = text.partition("=")
        if not equals:
            raise WrittenError(
                f"{text!r} is no form field: write it as name=value."
            )
        fields.append((name, value))
    if data is not None and fields:
        raise WrittenError("A request has JSON or a form, not both.")
    body = None
    if data is not None:
        body = _json(data)
        sent.setdefault("content-type", "application/json")
    elif fields:
        body = urlencode(fields).encode()
        kind = "application/x-www-form-urlencoded"
        sent.setdefault("content-type", kind)
    path = quote(path, safe="/?&=%:;,+@!$'()*~#[]")
    return Request(method.upper(), path, sent, body)


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

    RequestError says why no answer came.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname or "", address.port, timeout=seconds
    )
    try:
        connection.connect()  # what the client waits for is the answer
        began = perf_counter_ns()
        connection.request(
            request.method, request.path, request.body, request.headers
        )
        response = connection.getresponse()
        body = response.read()
        return Answer(response.status, body, (began, perf_counter_ns()))
    except TimeoutError:
        raise RequestError(
            f"No answer after {seconds:g} s: give it more with --wait."
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as exc:
        raise RequestError(
            f"The server gave no answer, {type(exc).__name__}: {exc}."
        ) from None
    finally:
        connection.close()

"""Requests that no page of ours sends, as bytes, to a real server."""

import re
import socket
from urllib.parse import urlsplit

import httpx2
import pytest

pytestmark = pytest.mark.usefixtures("inside")
TASK = "/stages/05/run-task/evil"


def reply(address: str, request: str, more: bytes = b"") -> bytes:
    """Send this text as it is, then more; return what comes back."""
    server = urlsplit(address)
    port = server.port or 0
    sent = request.format(host=f"127.0.0.1:{port}").replace("\n", "\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(sent.encode("latin-1") + b"\r\n\r\n" + more)
        received = b""
        while piece := line.recv(65536):
            received += piece
    return received


def rows(address: str) -> object:
    """Return the rows of stage 5."""
    url = f"{address}/stages/05/task-logs/"
    return httpx2.get(url, timeout=60).json()


EVIL = "Host: evil.example"
OWN = "Host: {host}"
WEBSOCKET = [
    *("Upgrade: websocket", "Connection: upgrade"),
    *("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyEh"),
]


@pytest.mark.parametrize(
    "lines",
    [
        [f"POST {TASK} HTTP/1.1", OWN, "Origin: null"],
        [f"POST {TASK} HTTP/1.1", OWN, "Origin: "],
        [f"POST {TASK} HTTP/1.1", OWN, "Origin: https://{host}"],
        [f"POST {TASK} HTTP/1.1", OWN, "Origin: http://localhost"],
        [
            *(f"POST {TASK} HTTP/1.1", OWN),
            *("Origin: http://{host}", "Origin: http://evil.example"),
        ],
        [f"POST {TASK} HTTP/1.1", "Host: [::1]:8000"],
        [f"POST {TASK} HTTP/1.1", "Host: [::ffff:127.0.0.1]"],
        [f"POST {TASK} HTTP/1.1", "Host: evil.example:8000"],
        [f"POST {TASK} HTTP/1.1", "Host: 127.0.0.1.evil.example"],
        [f"POST {TASK} HTTP/1.1", OWN, EVIL],
        [f"POST {TASK} HTTP/1.0"],
        [f"POST http://evil.example{TASK} HTTP/1.1", EVIL],
        [f"POST http://{{host}}{TASK} HTTP/1.1", EVIL],
        [f"GET {TASK} HTTP/1.1", OWN, *WEBSOCKET, "Origin: http://evil"],
    ],
)
def test_a_foreign_request_runs_nothing(
    address: str, lines: list[str]
) -> None:
    """It is refused, however its host and its origin are written."""
    before = rows(address)
    answer = reply(address, "\n".join([*lines, "Connection: close"]))
    assert re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:200]
    assert rows(address) == before


def test_an_endless_body_is_cut_off(address: str) -> None:
    """Its length is not announced: it is counted as it comes."""
    head = (
        "POST /stages/05/send-email/ HTTP/1.1\nHost: {host}\nConnection: close"
        "\nContent-Type: application/json\nTransfer-Encoding: chunked"
    )
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = reply(address, head, piece * 17)
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]


@pytest.mark.parametrize(
    "path",
    [
        "/file/stages/%00.py",
        "/file/stages/%0d%0aSet-Cookie:x.py",
        "/file/stages/%2e%2e/%2e%2e/etc/passwd",
        "/notebook/%00",
        "/notebook/%ff%fe",
        "/stage/1%00",
        "/stage/99999999999999999999999",
        "/questions?q=%00%1b%ff",
        "/stages/05/run-task/%00",
        "/static/%00",
        "/static/..%2f..%2fapp.py",
    ],
)
def test_odd_characters_are_no_server_error(address: str, path: str) -> None:
    """Control characters, half characters, and ways out of a folder."""
    answer = reply(
        address, f"GET {path} HTTP/1.1\nHost: {{host}}\nConnection: close"
    )
    assert re.match(rb"HTTP/1\.1 [24]\d\d ", answer), answer[:200]
    assert b"Set-Cookie" not in answer.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "form",
    [
        b"operation=POST+/send-notification/{email}&email=%0d%0aX-Evil:1",
        b"operation=POST+/send-notification/{email}&email=%00%1b",
        b"operation=POST+/send-notification/{email}&email=%ed%a0%80",
        b"operation=POST+/send-notification/{email}&email=" + b"../" * 99,
        b"operation=POST+/send-email/&body=%ed%a0%80%ff%00",
        b"operation=%00",
        b"&&&=;%",
    ],
)
def test_a_form_takes_anything(address: str, form: bytes) -> None:
    """The stage answers what it answers; the page itself does not fail."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{address}/stage/4/send"
    answer = httpx2.post(url, content=form, headers=kind, timeout=60)
    assert answer.status_code in {303, 400, 404, 422}

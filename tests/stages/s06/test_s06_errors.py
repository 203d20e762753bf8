"""What a client is shown is short: no SQL, no values, no paths, no body."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from stages.s06_at_work.app import app
from stages.s06_at_work.database import TaskLog, get_session_factory
from stages.s06_at_work.errors import TaskError
from stages.s06_at_work.tasks import get_tasks
from tests.stages.s06.rows import Factory, add, read, run

HELLO = {"subject": "Hello", "body": "Hi!", "recipients": ["ada@example.com"]}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (TaskError("no such customer"), "TaskError: no such customer"),
        (ValueError("the password is s3cret"), "ValueError"),
        (FileNotFoundError(2, "No such file", "/srv/s3cret"), None),
        (TaskError("a\0b\ud83d"), "TaskError: a\\x00b\\ud83d"),
        (TaskError("s" * 1000), "TaskError: " + "s" * 289),
    ],
)
def test_a_reason_is_short_and_can_be_stored(
    session_factory: Factory,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    shown: str | None,
) -> None:
    """The log has the whole; every database can hold the reason."""

    def work(_session: Session, _payload: Any) -> None:
        raise error

    log_id = add(session_factory)
    with pytest.raises(type(error)):
        run(log_id, work)
    row = read(session_factory, log_id)
    assert (row.status, row.error) == ("failed", shown or type(error).__name__)
    assert str(error).encode("utf-8", "replace") in caplog.text.encode(
        "utf-8", "replace"
    )


def test_sql_is_in_the_log_alone(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken flush names its error, and nothing of the row."""

    def work(session: Session, _payload: Any) -> None:
        session.add(TaskLog(kind=None, task_name="s3cret", payload={}))
        session.flush()

    app.dependency_overrides[get_tasks] = lambda: {"run-task": work}
    client.post("/run-task/report")
    (row,) = client.get("/task-logs/").json()
    assert (row["status"], row["error"]) == ("failed", "IntegrityError")
    assert "INSERT INTO task_logs" in caplog.text
    assert "s3cret" in caplog.text


def test_the_payloads_are_not_read(client: TestClient) -> None:
    """GET /task-logs/ asks for the columns shown, of the latest hundred."""
    factory = get_session_factory()
    for _ in range(101):
        add(factory, status="completed")
    statements: list[str] = []
    sa.event.listen(
        factory.kw["bind"],
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    rows = client.get("/task-logs/").json()
    assert [row["id"] for row in rows] == list(range(2, 102))
    (statement,) = statements
    assert "payload" not in statement


def test_a_fault_of_ours_is_a_500_without_sql(client: TestClient) -> None:
    """The table is gone, or another error that no time will mend."""
    engine = get_session_factory().kw["bind"]
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE task_logs")
        connection.exec_driver_sql("CREATE TABLE task_logs (id INTEGER)")
    response = client.post("/run-task/report")
    expected = 500 if engine.name == "postgresql" else 503
    assert response.status_code == expected
    assert "task_logs" not in response.text


def chunks(body: bytes) -> Iterator[bytes]:
    """Send a body without a Content-Length."""
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_megabytes_is_refused_and_not_sent_back(
    client: TestClient, *, chunked: bool
) -> None:
    """The answer is a short 413, however the body is sent."""
    body = json.dumps(HELLO | {"body": "x" * 2_000_000}).encode()
    content = chunks(body) if chunked else body
    response = client.post("/send-email/", content=content, headers=JSON)
    assert response.status_code == 413
    assert len(response.content) < 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": "s3cret" * 20_000},
        {"subject": "s3cret\r\nBcc: eve@example.com"},
        {"subject": "s3cret" * 20},
        {"body": "s3cret\0"},
        {"body": "s3cret\ud83d"},
        {"recipients": []},
        {"recipients": ["ada@example.com"] * 51},
        {"recipients": ["s3cret"] * 50},
        {"s3cret" * 10_000: 1},
        {f"s3cret{number}": 1 for number in range(10_000)},
    ],
    ids=lambda wrong: str(wrong)[:30].encode("ascii", "replace").decode(),
)
def test_what_is_too_much_is_a_422_that_echoes_nothing(
    client: TestClient, wrong: dict[str, Any]
) -> None:
    """It says where and why; a value that was sent is not in it."""
    body = json.dumps(HELLO | wrong).encode()
    response = client.post("/send-email/", content=body, headers=JSON)
    assert response.status_code == 422
    assert len(response.content) < 10_000
    for error in response.json()["detail"]:
        assert set(error) == {"loc", "msg", "type"}
        assert "s3cret" not in error["msg"]
    assert client.get("/task-logs/").json() == []


def test_a_lone_surrogate_in_the_body_is_a_422(client: TestClient) -> None:
    """It has no UTF-8 form, so neither a database nor an answer holds it."""
    body = b'{"subject": "\\ud83d", "body": "", "recipients": ["\\ud83d"]}'
    response = client.post("/send-email/", content=body, headers=JSON)
    assert response.status_code == 422


@pytest.mark.parametrize("name", ["a%0Ab", "a%00b", "a" * 101, "%E2%80%A8"])
def test_a_name_is_one_line(client: TestClient, name: str) -> None:
    """A control character would make two lines of a log's one."""
    assert client.post(f"/run-task/{name}").status_code == 422


def test_text_that_a_database_cannot_hold_is_a_422(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database of an old encoding has no emoji."""
    create = "CREATE DATABASE latin1 TEMPLATE template0"
    with psycopg.connect(postgresql, autocommit=True) as admin:
        admin.execute(create + " ENCODING latin1 LOCALE 'C'")
        url = sa.make_url(postgresql).set(database="latin1")
        monkeypatch.setenv(
            "DATABASE_URL", url.render_as_string(hide_password=False)
        )
        with TestClient(app) as client:
            assert client.post("/run-task/Grüße").status_code == 200
            response = client.post("/run-task/🎉")
        admin.execute("DROP DATABASE latin1 WITH (FORCE)")
    assert response.status_code == 422
    assert response.json()["detail"] == "The database cannot store this text"

"""Checks of exercise 4: read once, when asked, and never show a password."""

import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checks.answers import imported
from checks.asgi import Client, DidNotStartError

ADA, BOB = "ada@example.com", "bob@example.com"
SECRET = "swordfish-4711"  # noqa: S105 (nobody's)
VALID = {
    "MAIL_HOST": "mail.example.com",
    "MAIL_PORT": "2525",
    "MAIL_SENDER": "shop@example.com",
    "MAIL_PASSWORD": SECRET,
}


class Transport:
    """Remembers who was to be sent what, with which settings."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.sent: list[tuple[Any, str]] = []
        self.after: list[int] = []

    def __call__(self, settings: Any, email: str) -> None:
        """Remember it, and how many responses were complete."""
        self.after.append(self.client.responses)
        self.sent.append((settings, email))

    @property
    def emails(self) -> list[str]:
        """To whom, in order."""
        return [email for _, email in self.sent]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without any variable of MAIL_."""
    for name in VALID:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def environment(
    answer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """Set valid variables, after the answer has been imported."""
    for name, value in VALID.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def transport(answer: ModuleType, client: Client) -> Transport:
    """Put a transport that remembers in the place of the real one."""
    transport = Transport(client)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_transport] = lambda: transport
    return transport


def failure(answer: ModuleType, wrong: str) -> Exception:
    """Return what get_settings raises; a TODO does not count."""
    try:
        made = answer.get_settings()
    except NotImplementedError:
        raise
    except Exception as error:  # noqa: BLE001 (any will do)
        return error
    field = wrong.partition(" ")[0].removeprefix("MAIL_").lower()
    there = hasattr(made, field)
    read = f": {field} is {getattr(made, field)!r}" if there else ""
    pytest.fail(f"{wrong}, and get_settings() raised nothing{read}.")


def said(error: BaseException) -> str:
    """Return its traceback, its causes included, as a log shows it."""
    return "".join(traceback.format_exception(error))


def having(secret: str, texts: list[str]) -> list[str]:
    """Return the lines that show it."""
    lines = [line for text in texts for line in text.splitlines()]
    return [line.strip() for line in lines if secret in line]


@pytest.mark.points(2)
@pytest.mark.usefixtures("environment")
def test_the_mailer_sends_with_the_settings(
    answer: ModuleType, client: Client, transport: Transport
) -> None:
    """One mail, after the response, with what the environment says."""
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == {"message": "Welcome scheduled"}
    client.finish()
    assert client.errors == []
    assert transport.emails == [ADA], "one mail for the request"
    assert transport.after == [1], "the mail went before the response"
    settings, _ = transport.sent[0]
    assert (settings.host, settings.port) == ("mail.example.com", 2525), (
        "so says the environment"
    )
    assert settings.sender == "shop@example.com"
    kind = type(settings.password).__name__
    assert hasattr(settings.password, "get_secret_value"), (
        f"settings.password is a {kind}, not a SecretStr"
    )
    assert settings.password.get_secret_value() == SECRET


@pytest.mark.points(2)
def test_the_first_reading_stays(
    answer: ModuleType,
    client: Client,
    transport: Transport,
    environment: pytest.MonkeyPatch,
) -> None:
    """Requests and calls by hand get one object, whatever is set later."""
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    environment.setenv("MAIL_HOST", "other.example.com")
    assert client.post(f"/welcome/{BOB}").status_code == 202
    client.finish()
    assert sorted(transport.emails) == [ADA, BOB], "one mail for each request"
    settings = answer.get_settings()
    assert settings is answer.get_settings(), "it was read once more"
    assert settings.host == "mail.example.com", (
        "so said the environment before the first request, and not since"
    )
    assert all(used is settings for used, _ in transport.sent), (
        "a request had other settings than a call by hand"
    )
    environment.setenv("MAIL_HOST", "at.import.example.com")
    with imported(Path(str(answer.__file__))) as anew:
        environment.setenv("MAIL_HOST", "after.import.example.com")
        host = anew.get_settings().host
    assert host == "after.import.example.com", "it was read at import"


@pytest.mark.points(2)
@pytest.mark.usefixtures("environment")
def test_an_override_replaces_the_settings(
    answer: ModuleType, client: Client, transport: Transport
) -> None:
    """The mailer uses what it was given, for each request anew."""
    made: list[Any] = []

    def provide() -> Any:
        made.append(
            answer.Settings(
                host=f"{len(made)}.example.com",
                port=25,
                sender=BOB,
                password=SECRET,
            )
        )
        return made[-1]

    answer.app.dependency_overrides[answer.get_settings] = provide
    for email in (ADA, BOB):
        assert client.post(f"/welcome/{email}").status_code == 202
        client.finish()
    assert transport.emails == [ADA, BOB], "one mail for each request"
    hosts = [settings.host for settings, _ in transport.sent]
    assert len(set(hosts)) == 2, f"one mailer for two requests: {hosts}"
    assert all(any(s is m for m in made) for s, _ in transport.sent)


@pytest.mark.points(1)
@pytest.mark.usefixtures("environment")
def test_a_refused_address_gets_no_mail(
    answer: ModuleType, client: Client, transport: Transport
) -> None:
    """The address is all that a request takes, and it has to be one."""
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
        client.finish()
    assert transport.emails == [ADA], "a refused address got a mail"
    for path, methods in answer.app.openapi().get("paths", {}).items():
        if path.startswith("/welcome/"):
            asked = methods["post"].get("parameters", [])
            others = [each["name"] for each in asked if each["in"] != "path"]
            assert others == [], "the settings are asked of the client"


@pytest.mark.points(1)
def test_a_wrong_variable_is_named(
    answer: ModuleType, environment: pytest.MonkeyPatch
) -> None:
    """The error says which one is wrong, or missing."""
    wrong = "MAIL_PORT is abc"
    environment.setenv("MAIL_PORT", "abc")
    assert "port" in str(failure(answer, wrong)).lower(), wrong
    environment.setenv("MAIL_PORT", "2525")
    for field in ("host", "port", "sender", "password"):
        name = f"MAIL_{field.upper()}"
        wrong = f"{name} is missing"
        environment.delenv(name)
        assert field in str(failure(answer, wrong)).lower(), wrong
        environment.setenv(name, VALID[name])


@pytest.mark.points(1)
def test_nothing_is_sent_with_a_wrong_port(
    answer: ModuleType,
    client: Client,
    transport: Transport,
    environment: pytest.MonkeyPatch,
) -> None:
    """The start, or the request, fails: no default takes its place."""
    wrong = "MAIL_PORT is abc"
    environment.setenv("MAIL_PORT", "abc")
    assert "port" in str(failure(answer, wrong)).lower(), wrong
    try:
        assert client.post(f"/welcome/{ADA}").status_code >= 500
        client.finish()
    except DidNotStartError:
        pass  # kinder still
    assert transport.emails == [], "a mail went out all the same"


@pytest.mark.points(1)
@pytest.mark.after("test_the_mailer_sends_with_the_settings")
@pytest.mark.usefixtures("environment")
def test_the_password_is_shown_nowhere(
    capfd: pytest.CaptureFixture[str],
    answer: ModuleType,
    client: Client,
    transport: Transport,
) -> None:
    """Not in a repr, an output or a response."""
    settings = answer.get_settings()
    texts = [repr(settings), str(settings)]
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    client.finish()
    assert transport.emails == [ADA]
    texts += [response.text, str(response.headers), *capfd.readouterr()]
    assert having(SECRET, texts) == [], "the password can be read"


@pytest.mark.points(1)
@pytest.mark.after("test_a_wrong_variable_is_named")
def test_no_error_shows_the_password(
    capfd: pytest.CaptureFixture[str],
    answer: ModuleType,
    client: Client,
    transport: Transport,
    environment: pytest.MonkeyPatch,
) -> None:
    """Not in a traceback, a log or a response about *another* variable."""
    texts = []
    for name in ("MAIL_HOST", "MAIL_PORT", "MAIL_SENDER"):
        environment.delenv(name)
        texts.append(said(failure(answer, f"{name} is missing")))
        environment.setenv(name, VALID[name])
    for name in ("MAIL_HOST", "MAIL_PORT", "MAIL_SENDER"):
        environment.delenv(name)  # a long input would be shown in part
    texts.append(said(failure(answer, "MAIL_HOST is missing")))
    try:
        response = client.post(f"/welcome/{ADA}")
        client.finish()
    except DidNotStartError:
        pass
    else:
        texts += [response.text, str(response.headers)]
    assert transport.emails == [], "a mail went out all the same"
    texts += [said(error) for error in client.errors]
    texts += capfd.readouterr()
    assert having(SECRET, texts) == [], "the password can be read"

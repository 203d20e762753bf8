"""Checks of exercise 4: read once, when asked, and never show a password."""

import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checks.answers import imported
from checks.asgi import Client, DidNotStartError
from checks.expect import UnmetError, called, expect, listed, reached, times
from checks.loggers import remembered_records

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
        self.on_the_loop = False
        self.raises: Exception | None = None

    def __call__(self, settings: Any, email: str) -> None:
        """Remember it, and how many responses were complete."""
        self.on_the_loop |= self.client.on_the_loop
        self.after.append(self.client.responses)
        self.sent.append((settings, email))
        if self.raises is not None:
            raise self.raises

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


def expect_mails(transport: Transport, *emails: str) -> None:
    """Fail unless the transport was called once for each of these."""
    expect(
        sorted(transport.emails, key=repr) == sorted(emails, key=repr),
        f"the transport is called {times(len(emails))}, for {listed(emails)}",
        f"it was {called(transport.emails)}",
        ""
        if all(isinstance(each, str) for each in transport.emails)
        else "the transport takes the settings first, then the address",
    )


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
    raise UnmetError(
        f"{wrong}, so get_settings() raises an error",
        f"it returned settings{read}",
    )


def expect_named(answer: ModuleType, wrong: str) -> None:
    """Fail unless get_settings raises an error that names the field."""
    field = wrong.partition(" ")[0].removeprefix("MAIL_").lower()
    text = str(failure(answer, wrong))
    expect(
        field in text.lower(),
        f'{wrong}, so the error of get_settings() names "{field}"',
        f"its text: {text}",
    )


def said(error: BaseException) -> str:
    """Return its traceback, its causes included, as a log shows it."""
    return "".join(traceback.format_exception(error))


def having(secret: str, texts: list[str]) -> list[str]:
    """Return the lines that show it."""
    lines = [line for text in texts for line in text.splitlines()]
    return [line.strip() for line in lines if secret in line]


def expect_hidden(texts: list[str]) -> None:
    """Fail if the password is in one of these texts."""
    found = having(SECRET, texts)
    expect(
        found == [],
        "the password stands in none of the texts that a person may see",
        f"it stands in {listed(map(repr, found[:1]))}"
        + (f" and in {len(found) - 1} more lines" if found[1:] else ""),
    )


@pytest.mark.points(2)
@pytest.mark.usefixtures("environment")
def test_the_mailer_sends_with_the_settings(
    answer: ModuleType, client: Client, transport: Transport
) -> None:
    """The mail is sent with these settings, and a failure is not hidden.

    The same code sends by another mail server in each shop.
    """
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    assert response.json() == {"message": "Welcome scheduled"}
    client.finish()
    expect(
        client.errors == [],
        "the mail can be sent, so no exception reaches the server",
        reached(client.errors[-1:]),
    )
    expect_mails(transport, ADA)
    expect(
        transport.after == [1],
        "the response is sent before the transport is called",
        "the transport was called first, so the client waits for it",
    )
    settings, _ = transport.sent[0]
    given = (settings.host, settings.port, settings.sender)
    wanted = ("mail.example.com", 2525, "shop@example.com")
    expect(
        given == wanted and type(settings.port) is int,
        f"the settings hold host, port and sender from MAIL_…: {wanted}",
        f"they hold {given}",
    )
    kind = type(settings.password).__name__
    expect(
        hasattr(settings.password, "get_secret_value"),
        "settings.password is a SecretStr",
        f"it is a {kind}",
    )
    expect(
        settings.password.get_secret_value() == SECRET,
        "settings.password holds what MAIL_PASSWORD says",
        "it holds something else",
    )
    transport.raises = ConnectionRefusedError("no mail server here")
    with remembered_records() as records:
        client.post(f"/welcome/{BOB}")
        client.finish()
    logged = [each.exc_info[1] for each in records if each.exc_info]
    expect(
        transport.raises in [*client.errors, *logged],
        "what the transport raises reaches the server, or a log with its"
        " traceback",
        "it did neither: nobody knows that the mail was not sent",
    )
    expect_mails(transport, ADA, BOB)


@pytest.mark.points(1)
@pytest.mark.after("test_the_mailer_sends_with_the_settings")
@pytest.mark.usefixtures("environment")
def test_others_are_answered_while_a_mail_is_sent(
    client: Client, transport: Transport
) -> None:
    """The transport blocks, so it does not run on the event loop.

    A mail server that takes ten seconds would keep everybody waiting for ten
    seconds.
    """
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    expect(transport.sent, "the transport is called", "it was not called")
    expect(
        not transport.on_the_loop,
        "while the transport sends, the server answers others",
        "the transport ran on the event loop, which answers nobody meanwhile",
        "an `async def` mailer runs on the event loop, a `def` in a worker"
        " thread",
    )


@pytest.mark.points(2)
def test_the_first_reading_stays(
    answer: ModuleType,
    client: Client,
    transport: Transport,
    environment: pytest.MonkeyPatch,
) -> None:
    """The environment is read once, at the first call, not at import.

    A test, or a tool, imports the module where no mail server is configured.
    """
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    environment.setenv("MAIL_HOST", "other.example.com")
    assert client.post(f"/welcome/{BOB}").status_code == 202
    client.finish()
    expect_mails(transport, ADA, BOB)
    settings = answer.get_settings()
    expect(
        settings is answer.get_settings(),
        "get_settings() returns the same object each time",
        "it made another object, so it read the environment once more",
    )
    expect(
        settings.host == "mail.example.com",
        "the environment is read once: host is still mail.example.com",
        f"host is {settings.host}, which was set after the first request",
    )
    expect(
        all(used is settings for used, _ in transport.sent),
        "each request gets the object that get_settings() returns",
        "a request got another object than a direct call",
    )
    environment.setenv("MAIL_HOST", "at.import.example.com")
    with imported(Path(str(answer.__file__))) as anew:
        environment.setenv("MAIL_HOST", "after.import.example.com")
        host = anew.get_settings().host
    expect(
        host == "after.import.example.com",
        "what is set after the import counts: nothing is read at import",
        f"host is {host}, as it was set at the import",
    )


@pytest.mark.points(2)
@pytest.mark.usefixtures("environment")
def test_an_override_replaces_the_settings(
    answer: ModuleType, client: Client, transport: Transport
) -> None:
    """Each request uses the settings that were provided for it.

    A test can send with other settings, without any variable.
    """
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
    expect_mails(transport, ADA, BOB)
    hosts = [settings.host for settings, _ in transport.sent]
    expect(
        all(any(s is m for m in made) for s, _ in transport.sent),
        "the transport gets the settings that the override gives",
        f"it got settings with the hosts {listed(hosts)}",
    )
    expect(
        len(set(hosts)) == 2,
        "each request gets a mailer of its own, with the settings given to it",
        f"both were sent with the settings of the first: {listed(hosts)}",
    )


@pytest.mark.points(1)
@pytest.mark.usefixtures("environment")
def test_a_refused_address_gets_no_mail(
    answer: ModuleType, client: Client, transport: Transport
) -> None:
    """A request takes a valid address, and nothing else.

    If the settings become query parameters, each client can choose them, the
    password too.
    """
    assert client.post(f"/welcome/{ADA}").status_code == 202
    client.finish()
    for wrong in ("not-an-email", "a@b@c", "bob@example.com%0A"):
        assert client.post(f"/welcome/{wrong}").status_code == 422
        client.finish()
    expect_mails(transport, ADA)
    for path, methods in answer.app.openapi().get("paths", {}).items():
        if path.startswith("/welcome/"):
            asked = methods["post"].get("parameters", [])
            others = [each["name"] for each in asked if each["in"] != "path"]
            expect(
                others == [],
                "the client gives the address, and nothing else",
                f"the client is asked for {listed(others)}",
                "Depends() on a class makes query parameters of its fields",
            )


@pytest.mark.points(1)
def test_a_wrong_variable_is_named(
    answer: ModuleType, environment: pytest.MonkeyPatch
) -> None:
    """The error names the variable that is wrong or missing.

    The person who starts the application sees at once what to set.
    """
    environment.setenv("MAIL_PORT", "abc")
    expect_named(answer, "MAIL_PORT is abc")
    environment.setenv("MAIL_PORT", "2525")
    for name, value in VALID.items():
        environment.delenv(name)
        expect_named(answer, f"{name} is missing")
        environment.setenv(name, value)


@pytest.mark.points(1)
def test_nothing_is_sent_with_a_wrong_port(
    answer: ModuleType,
    client: Client,
    transport: Transport,
    environment: pytest.MonkeyPatch,
) -> None:
    """With a wrong port the start or the request fails; nothing is sent.

    A mail that goes to a server which nobody chose may go to anybody.
    """
    environment.setenv("MAIL_PORT", "abc")
    expect_named(answer, "MAIL_PORT is abc")
    try:
        assert client.post(f"/welcome/{ADA}").status_code >= 500
        client.finish()
    except DidNotStartError:
        pass  # kinder still
    expect_mails(transport)


@pytest.mark.points(1)
@pytest.mark.after("test_the_mailer_sends_with_the_settings")
@pytest.mark.usefixtures("environment")
def test_the_password_is_shown_nowhere(
    capfd: pytest.CaptureFixture[str],
    answer: ModuleType,
    client: Client,
    transport: Transport,
) -> None:
    """No repr, output or response shows the password.

    More people read logs than may know the password.
    """
    settings = answer.get_settings()
    texts = [repr(settings), str(settings)]
    response = client.post(f"/welcome/{ADA}")
    assert response.status_code == 202
    client.finish()
    expect_mails(transport, ADA)
    texts += [response.text, str(response.headers), *capfd.readouterr()]
    expect_hidden(texts)


@pytest.mark.points(1)
@pytest.mark.after("test_a_wrong_variable_is_named")
def test_no_error_shows_the_password(
    capfd: pytest.CaptureFixture[str],
    answer: ModuleType,
    client: Client,
    transport: Transport,
    environment: pytest.MonkeyPatch,
) -> None:
    """No error about another variable shows the password.

    Pydantic's error about one field shows the whole input, unless you hide it.
    """
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
    expect_mails(transport)
    texts += [said(error) for error in client.errors]
    texts += capfd.readouterr()
    expect_hidden(texts)

"""Checks of exercise 11: each channel on its own, all at the same time."""

import asyncio
import re
from types import ModuleType

import pytest

from checks.asgi import Client
from checks.channels import (
    FakeChannel,
    Meeting,
    accepted,
    accepted_together,
    id_in,
    report,
    request,
    settled,
    statuses,
)

ADA = {"email": "ada@example.com", "sms": "+4179001", "push": "ada's phone"}
BOB = {"email": "bob@example.com", "sms": "+4179002", "push": "bob's phone"}
ALL = ["email", "sms", "push"]
DOWN = ConnectionRefusedError("the provider is down for maintenance")


class CreditError(Exception):
    """A provider's own: no exception that an answer could know."""


def replaced(answer: ModuleType, *channels: FakeChannel) -> None:
    """Let the three dependencies give these, in this order."""
    email, sms, push = channels
    answer.app.dependency_overrides |= {
        answer.get_email_channel: lambda: email,
        answer.get_sms_channel: lambda: sms,
        answer.get_push_channel: lambda: push,
    }


@pytest.fixture
def channels(answer: ModuleType) -> list[FakeChannel]:
    """Put channels that remember in the place of the real ones."""
    channels = [FakeChannel(name) for name in ALL]
    replaced(answer, *channels)
    return channels


@pytest.mark.points(2)
def test_each_channel_gets_its_own_address(
    client: Client, channels: list[FakeChannel]
) -> None:
    """All three are sent to, once, and the report says so."""
    number = accepted(client, request(ADA, ALL, "Your parcel is here"))
    assert settled(client, number) == dict.fromkeys(ALL, "delivered")
    for channel in channels:
        wanted = [(ADA[channel.name], "Your parcel is here")]
        assert channel.calls == wanted, f"what {channel.name} was to send"
    errors = {each["error"] for each in report(client, number).values()}
    assert errors == {None}, "what was delivered has no error"


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_only_what_is_asked_for_is_sent(
    client: Client, channels: list[FakeChannel]
) -> None:
    """The others stay silent, and the report does not speak of them."""
    number = accepted(client, request(ADA, ["push", "email"]))
    assert settled(client, number) == {
        "push": "delivered",
        "email": "delivered",
    }
    email, sms, push = channels
    assert sms.calls == [], "nobody asked for an SMS"
    assert (len(email.calls), len(push.calls)) == (1, 1)


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_a_name_that_comes_twice_is_sent_once(
    client: Client, channels: list[FakeChannel]
) -> None:
    """Nobody gets the same message twice by the same channel."""
    number = accepted(client, request(ADA, ["sms"]))
    assert settled(client, number) == {"sms": "delivered"}
    twice = request(BOB, ["sms", "sms"])
    response = client.post("/notify/", json=twice)
    if response.status_code != 422:  # to refuse it does no harm either
        number = id_in(response)
        assert settled(client, number) == {"sms": "delivered"}
    _, sms, _ = channels
    addresses = [address for address, _ in sms.calls]
    assert addresses.count(BOB["sms"]) <= 1, "Bob gets the same SMS twice"


@pytest.mark.points(2)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_delivered_is_not_said_before_it_is_so(
    answer: ModuleType, client: Client
) -> None:
    """The response is there and `send` still runs: that is "pending"."""
    email, sms = FakeChannel("email"), FakeChannel("sms")
    replaced(answer, email, sms, FakeChannel("push"))
    with email.held():
        number = accepted(client, request(ADA, ["sms", "email"]))
        assert not email.left_alone, "the response waits until all is sent"
        assert email.begun.wait(5), "nothing was sent"
        sms.ended.wait(0.2)  # unless it comes after the e-mail
        for _ in range(3):
            now = statuses(client, number)
            assert not email.left_alone, "GET waits until all is sent"
            assert now["email"] == "pending", "its `send` has not returned"
    wanted = {"sms": "delivered", "email": "delivered"}
    assert settled(client, number) == wanted


@pytest.mark.points(3)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_one_failure_stops_no_other_channel(
    answer: ModuleType, client: Client
) -> None:
    """Whichever fails, and at once, the others are delivered."""
    failures = dict.fromkeys(ADA.values(), DOWN)
    replaced(answer, *(FakeChannel(name, failures) for name in ALL))
    for broken in ALL:
        recipient = BOB | {broken: ADA[broken]}
        number = accepted(client, request(recipient, ALL))
        wanted = dict.fromkeys(ALL, "delivered") | {broken: "failed"}
        assert settled(client, number) == wanted, f"only {broken} fails"


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_a_failed_channel_says_why(answer: ModuleType, client: Client) -> None:
    """`error` has the text of what the channel itself has raised."""
    broken = [
        FakeChannel("email", {ADA["email"]: DOWN}),
        FakeChannel("sms", {ADA["sms"]: CreditError("no credit left")}),
        FakeChannel("push"),
    ]
    replaced(answer, *broken)
    number = accepted(client, request(ADA, ["email", "sms"]))
    assert settled(client, number) == {"email": "failed", "sms": "failed"}
    said = report(client, number)
    assert str(DOWN) in str(said["email"]["error"])
    assert "no credit left" in str(said["sms"]["error"])


@pytest.mark.points(2)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_channels_send_at_the_same_time(
    answer: ModuleType, client: Client
) -> None:
    """Each is inside `send` before any of them has returned from it."""
    meeting = Meeting(3)
    replaced(answer, *(FakeChannel(name, meeting=meeting) for name in ALL))
    number = accepted(client, request(ADA, ALL))
    found = settled(client, number)
    assert len(meeting.loops) == 1, "so many event loops have sent something"
    assert found == dict.fromkeys(ALL, "delivered")
    assert not meeting.missed, "one has waited for another to be done"


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_without_an_address_a_channel_is_skipped(
    client: Client, channels: list[FakeChannel]
) -> None:
    """It is not used, and the others are."""
    recipient = {"email": ADA["email"], "push": ADA["push"]}
    number = accepted(client, request(recipient, ALL))
    assert settled(client, number) == {
        "email": "delivered",
        "sms": "skipped",
        "push": "delivered",
    }
    _, sms, _ = channels
    assert sms.calls == [], "there was no number to send it to"


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_a_channel_is_known_by_its_name(
    answer: ModuleType, client: Client, channels: list[FakeChannel]
) -> None:
    """A pigeon in the place of push: "pigeon" can be asked for."""
    pigeon = FakeChannel("pigeon")
    answer.app.dependency_overrides[answer.get_push_channel] = lambda: pigeon
    recipient = ADA | {"pigeon": "loft 7"}
    number = accepted(client, request(recipient, ["pigeon", "sms"]))
    assert settled(client, number) == {
        "pigeon": "delivered",
        "sms": "delivered",
    }
    assert pigeon.calls == [("loft 7", "Hello!")]
    response = client.post("/notify/", json=request(recipient, ["push"]))
    assert response.status_code == 422, 'no channel is called "push" now'


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_an_unknown_channel_refuses_the_whole_request(
    client: Client, channels: list[FakeChannel]
) -> None:
    """422, and nothing is sent; an empty list is refused likewise."""
    accepted(client, request(BOB, ["email"]))
    for names in (["email", "fax"], ["fax", "email"], []):
        response = client.post("/notify/", json=request(ADA, names))
        assert response.status_code == 422, f"channels: {names}"
    client.finish()
    email = channels[0]
    assert [address for address, _ in email.calls] == [BOB["email"]]


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_an_invalid_address_refuses_the_whole_request(
    client: Client, channels: list[FakeChannel]
) -> None:
    """422, and nothing is sent by the other channels either."""
    accepted(client, request(BOB, ["sms"]))
    for wrong in ("not-an-email", "a@b@c", "ada@example.com\n"):
        body = request(ADA | {"email": wrong}, ["sms", "email"])
        response = client.post("/notify/", json=body)
        assert response.status_code == 422, f"{wrong!r} is no address"
    client.finish()
    email, sms, _ = channels
    assert email.calls == []
    assert [address for address, _ in sms.calls] == [BOB["sms"]]


@pytest.mark.points(2)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_notifications_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client
) -> None:
    """Both endpoints have run before the first channel is used."""
    email, push = FakeChannel("email"), FakeChannel("push")
    sms = FakeChannel("sms", {ADA["sms"]: DOWN})
    replaced(answer, email, sms, push)
    with email.held(), push.held():
        ada, bob = accepted_together(
            client,
            request(ADA, ["email", "sms"], "for Ada"),
            request(BOB, ["sms", "push"], "for Bob"),
        )
        for channel in (email, push):  # each is in the middle of its work
            channel.begun.wait(2)
    assert ada != bob, "two notifications have the same id"
    assert settled(client, ada) == {"email": "delivered", "sms": "failed"}
    assert settled(client, bob) == {"sms": "delivered", "push": "delivered"}
    assert email.calls == [(ADA["email"], "for Ada")]
    assert push.calls == [(BOB["push"], "for Bob")]
    wanted = [(ADA["sms"], "for Ada"), (BOB["sms"], "for Bob")]
    assert sorted(sms.calls) == wanted
    again = accepted(client, request(ADA, ["email"], "for Ada again"))
    assert again not in {ada, bob}, "two notifications have the same id"


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_an_unknown_id_is_not_found(
    client: Client, channels: list[FakeChannel]
) -> None:
    """404 for an id that was never given; the others stay known."""
    number = accepted(client, request(ADA, ["email"]))
    assert settled(client, number) == {"email": "delivered"}
    if number.isdecimal():
        never_given = str(int(number) + 1000)
    else:
        never_given = re.sub(r"\w", "0", number)
    assert client.get(f"/notify/{never_given}").status_code == 404
    later = accepted(client, request(BOB, ["sms"]))
    assert settled(client, later) == {"sms": "delivered"}
    assert statuses(client, number) == {"email": "delivered"}


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_channels_run_on_the_event_loop_of_the_application(
    answer: ModuleType, client: Client, channels: list[FakeChannel]
) -> None:
    """A provider's client is bound to the loop on which it was made."""
    email = channels[0]
    loops = []

    async def provide() -> FakeChannel:
        loops.append(asyncio.get_running_loop())
        return email

    answer.app.dependency_overrides[answer.get_email_channel] = provide
    number = accepted(client, request(ADA, ["email"]))
    assert settled(client, number) == {"email": "delivered"}
    assert email.loops == loops, "`send` has run on an event loop of its own"

"""Checks of exercise 11: each channel on its own, all at the same time."""

import asyncio
import re
from types import ModuleType
from typing import Any

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
from checks.expect import called, expect, listed, reached

ADA = {"email": "ada@example.com", "sms": "+4179001", "push": "ada's phone"}
BOB = {"email": "bob@example.com", "sms": "+4179002", "push": "bob's phone"}
ALL = ["email", "sms", "push"]
DOWN = ConnectionRefusedError("the provider is down for maintenance")


class CreditError(Exception):
    """A provider's own: no exception that an answer could know."""


def replaced(answer: ModuleType, *channels: FakeChannel) -> None:
    """Make the three dependencies return these, in this order."""
    email, sms, push = channels
    answer.app.dependency_overrides |= {
        answer.get_email_channel: lambda: email,
        answer.get_sms_channel: lambda: sms,
        answer.get_push_channel: lambda: push,
    }


def expect_sent(channel: FakeChannel, *calls: tuple[str, str]) -> None:
    """Fail unless `send` was called with these, an address and a message."""
    expect(
        sorted(channel.calls) == sorted(calls),
        f'`send` of the channel "{channel.name}" is {called(calls)}',
        f"it was {called(channel.calls)}",
        "" if channel.calls else "is it awaited? Else it does not run",
    )


def expect_settled(
    client: Client, number: str, wanted: dict[str, str], why: str = ""
) -> None:
    """Fail unless the report says so when all is over."""
    found = settled(client, number)
    expect(
        found == wanted,
        f"when the task is over, GET says {said(wanted)}",
        f"it says {said(found)}",
        why,
    )


def said(statuses: dict[str, str]) -> str:
    """Write the statuses of channels."""
    return ", ".join(f"{name}: {statuses[name]}" for name in statuses)


def expect_422(client: Client, body: dict[str, Any], why: str) -> None:
    """Fail unless the request is refused."""
    response = client.post("/notify/", json=body)
    expect(
        response.status_code == 422,
        f"{why}: the request is answered with 422",
        f"it was answered with {response.status_code} {response.text}",
    )


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
    """All three channels send once, each to its own address.

    An SMS to an e-mail address reaches nobody.
    """
    number = accepted(client, request(ADA, ALL, "Your parcel is here"))
    expect_settled(client, number, dict.fromkeys(ALL, "delivered"))
    for channel in channels:
        expect_sent(channel, (ADA[channel.name], "Your parcel is here"))
    errors = [each["error"] for each in report(client, number).values()]
    expect(
        set(errors) == {None},
        "all were delivered: each error is null",
        f"the errors: {listed(map(repr, errors))}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_only_what_is_asked_for_is_sent(
    client: Client, channels: list[FakeChannel]
) -> None:
    """Only the requested channels send, and only they are reported.

    An SMS costs money, and a message that nobody asked for annoys.
    """
    number = accepted(client, request(ADA, ["push", "email"]))
    wanted = {"push": "delivered", "email": "delivered"}
    expect_settled(client, number, wanted)
    email, sms, push = channels
    expect_sent(sms)
    expect_sent(email, (ADA["email"], "Hello!"))
    expect_sent(push, (ADA["push"], "Hello!"))


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_a_name_that_comes_twice_is_sent_once(
    client: Client, channels: list[FakeChannel]
) -> None:
    """A channel that is named twice sends once.

    A list that a program puts together may hold a name twice.
    """
    number = accepted(client, request(ADA, ["sms"]))
    expect_settled(client, number, {"sms": "delivered"})
    twice = request(BOB, ["sms", "sms"])
    response = client.post("/notify/", json=twice)
    if response.status_code != 422:  # to refuse it does no harm either
        number = id_in(response)
        expect_settled(client, number, {"sms": "delivered"})
    _, sms, _ = channels
    to_bob = [address for address, _ in sms.calls].count(BOB["sms"])
    expect(
        to_bob <= 1,
        'channels is ["sms", "sms"]: `send` is called once',
        f"it was called {to_bob} times",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_delivered_is_not_said_before_it_is_so(
    answer: ModuleType, client: Client
) -> None:
    """While `send` still runs, the status is "pending".

    A client that reads "delivered" does not ask again.
    """
    email, sms = FakeChannel("email"), FakeChannel("sms")
    replaced(answer, email, sms, FakeChannel("push"))
    with email.held():
        number = accepted(client, request(ADA, ["sms", "email"]))
        expect(
            not email.left_alone,
            "the response is sent before `send` returns",
            "the response waited until all was sent",
        )
        expect(
            email.begun.wait(5),
            "`send` is called after the response",
            "it was not called",
        )
        sms.ended.wait(0.2)  # unless it comes after the e-mail
        for _ in range(3):
            now = statuses(client, number)
            expect(
                not email.left_alone,
                "GET is answered while `send` still runs",
                "GET waited until all was sent",
            )
            expect(
                now["email"] == "pending",
                '`send` of the channel "email" still runs: GET says "pending"',
                f'it says "{now["email"]}"',
            )
    wanted = {"sms": "delivered", "email": "delivered"}
    expect_settled(client, number, wanted)


@pytest.mark.points(3)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_one_failure_stops_no_other_channel(
    answer: ModuleType, client: Client
) -> None:
    """When one channel fails, the others are delivered.

    Starlette drops the tasks after one that raises, and a loop ends there.
    """
    failures = dict.fromkeys(ADA.values(), DOWN)
    replaced(answer, *(FakeChannel(name, failures) for name in ALL))
    for broken in ALL:
        recipient = BOB | {broken: ADA[broken]}
        number = accepted(client, request(recipient, ALL))
        wanted = dict.fromkeys(ALL, "delivered") | {broken: "failed"}
        expect_settled(client, number, wanted, f"only {broken} raises")


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_a_failed_channel_says_why(answer: ModuleType, client: Client) -> None:
    """`error` is the text of the channel's exception.

    Only the reason tells whether it is worth trying again.
    """
    broken = [
        FakeChannel("email", {ADA["email"]: DOWN}),
        FakeChannel("sms", {ADA["sms"]: CreditError("no credit left")}),
        FakeChannel("push"),
    ]
    replaced(answer, *broken)
    number = accepted(client, request(ADA, ["email", "sms"]))
    expect_settled(client, number, {"email": "failed", "sms": "failed"})
    for name, text in (("email", str(DOWN)), ("sms", "no credit left")):
        error = report(client, number)[name]["error"]
        expect(
            text in str(error),
            f'error of "{name}" holds what the channel raised, "{text}"',
            f"error is {error!r}",
        )


@pytest.mark.points(2)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_channels_send_at_the_same_time(
    answer: ModuleType, client: Client
) -> None:
    """All three channels are inside `send` at the same time.

    One provider that takes a minute must not hold up the other two.
    """
    meeting = Meeting(3)
    replaced(answer, *(FakeChannel(name, meeting=meeting) for name in ALL))
    number = accepted(client, request(ADA, ALL))
    settled(client, number)
    expect(
        len(meeting.loops) == 1,
        "each `send` is awaited on the application's event loop",
        f"{len(meeting.loops)} event loops were used",
    )
    expect_settled(client, number, dict.fromkeys(ALL, "delivered"))
    expect(
        not meeting.missed,
        "all three channels are inside `send` at the same time",
        "one channel waited until another was done",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_without_an_address_a_channel_is_skipped(
    client: Client, channels: list[FakeChannel]
) -> None:
    """A channel without an address is skipped; the others send.

    Without an address, another try would not help: that is no failure.
    """
    recipient = {"email": ADA["email"], "push": ADA["push"]}
    number = accepted(client, request(recipient, ALL))
    wanted = {"email": "delivered", "sms": "skipped", "push": "delivered"}
    expect_settled(client, number, wanted, "the recipient has no sms address")
    _, sms, _ = channels
    expect_sent(sms)


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_a_channel_is_known_by_its_name(
    answer: ModuleType, client: Client, channels: list[FakeChannel]
) -> None:
    """If push is replaced by "pigeon", "pigeon" can be requested.

    Next month there is one channel more, and the endpoint stays as it is.
    """
    pigeon = FakeChannel("pigeon")
    answer.app.dependency_overrides[answer.get_push_channel] = lambda: pigeon
    recipient = ADA | {"pigeon": "loft 7"}
    number = accepted(client, request(recipient, ["pigeon", "sms"]))
    wanted = {"pigeon": "delivered", "sms": "delivered"}
    expect_settled(client, number, wanted)
    expect_sent(pigeon, ("loft 7", "Hello!"))
    body = request(recipient, ["push"])
    expect_422(client, body, 'no channel is called "push" now')


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_an_unknown_channel_refuses_the_whole_request(
    client: Client, channels: list[FakeChannel]
) -> None:
    """An unknown channel, or none, is a 422, and nothing is sent.

    Half a notification would go out twice when the client sends it again.
    """
    accepted(client, request(BOB, ["email"]))
    for names in (["email", "fax"], ["fax", "email"], []):
        expect_422(client, request(ADA, names), f"channels is {names}")
    client.finish()
    expect_sent(channels[0], (BOB["email"], "Hello!"))


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_an_invalid_address_refuses_the_whole_request(
    client: Client, channels: list[FakeChannel]
) -> None:
    """An invalid address is a 422, and no other channel sends.

    The client corrects the address and sends all of it again.
    """
    accepted(client, request(BOB, ["sms"]))
    for wrong in ("not-an-email", "a@b@c", "ada@example.com\n"):
        body = request(ADA | {"email": wrong}, ["sms", "email"])
        expect_422(client, body, f"{wrong!r} is not an e-mail address")
    client.finish()
    email, sms, _ = channels
    expect_sent(email)
    expect_sent(sms, (BOB["sms"], "Hello!"))


@pytest.mark.points(2)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_notifications_at_the_same_time_do_not_mix(
    answer: ModuleType, client: Client
) -> None:
    """Two notifications at the same time share nothing.

    If one notification keeps something in the notifier, another one overwrites
    it. And a provider may return a new channel for each request.
    """
    email, push = FakeChannel("email"), FakeChannel("push")
    sms = FakeChannel("sms", {ADA["sms"]: DOWN})
    later = FakeChannel("sms")
    replaced(answer, email, sms, push)
    given = iter([sms])  # to the first request; then the other one
    overrides = answer.app.dependency_overrides
    overrides[answer.get_sms_channel] = lambda: next(given, later)
    with email.held(), push.held():
        ada, bob = accepted_together(
            client,
            request(ADA, ["email", "sms"], "for Ada"),
            request(BOB, ["sms", "push"], "for Bob"),
        )
        for channel in (email, push):  # each is in the middle of its work
            channel.begun.wait(2)
    settled(client, ada)
    settled(client, bob)
    expect_sent(email, (ADA["email"], "for Ada"))
    expect_sent(push, (BOB["push"], "for Bob"))
    both = ("first", sms, ADA), ("second", later, BOB)
    for which, channel, address in both:
        sent = [to for to, _ in channel.calls]
        expect(
            sent == [address["sms"]],
            f"the SMS of the {which} request is sent by the channel that"
            f" get_sms_channel gave to that request, to {address['sms']}",
            f"that channel has sent to {listed(sent, 'nobody')}",
            "the notifier of one request must not keep the channels of"
            " another",
        )
    expect_settled(client, ada, {"email": "delivered", "sms": "failed"})
    expect_settled(client, bob, {"sms": "delivered", "push": "delivered"})
    errors = len(client.errors)
    again = accepted(client, request(ADA, ["email"], "for Ada again"))
    expect_settled(client, again, {"email": "delivered"})
    expect(
        len(client.errors) == errors,
        "a later notification is delivered, and no exception leaves the task",
        reached(client.errors[-1:]),
        "does a variable, or a default value, keep something of the"
        " notification before?",
    )
    expect(
        len({ada, bob, again}) == 3,
        "each notification has an id of its own",
        f"three have the ids {ada}, {bob}, {again}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_an_unknown_id_is_not_found(
    client: Client, channels: list[FakeChannel]
) -> None:
    """An unknown id is answered with 404.

    A client that asks with a wrong id must not wait for ever.
    """
    number = accepted(client, request(ADA, ["email"]))
    expect_settled(client, number, {"email": "delivered"})
    if number.isdecimal():
        never_given = str(int(number) + 1000)
    else:
        never_given = re.sub(r"\w", "0", number)
    assert client.get(f"/notify/{never_given}").status_code == 404
    later = accepted(client, request(BOB, ["sms"]))
    expect_settled(client, later, {"sms": "delivered"})
    expect_settled(client, number, {"email": "delivered"})


@pytest.mark.points(1)
@pytest.mark.after("test_each_channel_gets_its_own_address")
def test_channels_run_on_the_event_loop_of_the_application(
    answer: ModuleType, client: Client, channels: list[FakeChannel]
) -> None:
    """Each `send` runs on the application's own event loop.

    A provider's client is bound to the loop on which it was made: on another
    one its connections do not work.
    """
    email = channels[0]
    loops = []

    async def provide() -> FakeChannel:
        loops.append(asyncio.get_running_loop())
        return email

    answer.app.dependency_overrides[answer.get_email_channel] = provide
    number = accepted(client, request(ADA, ["email"]))
    expect_settled(client, number, {"email": "delivered"})
    expect(
        email.loops == loops,
        "`send` is awaited on the application's event loop",
        "it ran on another event loop",
    )

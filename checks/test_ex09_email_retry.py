"""Checks of exercise 9: what may still work is tried again, all else kept."""

import asyncio
import errno
import inspect
import logging
import random
import smtplib
import socket
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from fastapi.concurrency import run_in_threadpool

from checks.asgi import Client
from checks.expect import (
    called,
    expect,
    how_often,
    listed,
    reached,
    times,
)
from checks.fakes import HOLD
from checks.loggers import remembered_records
from checks.mail_fakes import Office, never_awaited
from checks.mail_server import HANGS_UP, Inbox, serving

ADA, BOB = "ada@example.com", "bob@example.com"
CARL, DORA = "carl@example.com", "dora@example.com"
NOBODY = "nobody"
LATER = smtplib.SMTPDataError(451, b"try again later")
TRANSIENT = [
    LATER,
    smtplib.SMTPConnectError(421, b"too many connections"),
    smtplib.SMTPSenderRefused(450, b"slow down", "shop@example.com"),
    smtplib.SMTPResponseException(400, b"not now"),
    smtplib.SMTPResponseException(499, b"not now"),
    TimeoutError("timed out"),
    ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
]
PERMANENT = [
    smtplib.SMTPDataError(554, b"this is spam"),
    smtplib.SMTPResponseException(500, b"what?"),
    smtplib.SMTPSenderRefused(550, b"who are you?", "shop@example.com"),
    smtplib.SMTPAuthenticationError(535, b"wrong password"),
    smtplib.SMTPNotSupportedError("no SMTPUTF8 here"),
    smtplib.SMTPException("something else"),
    socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    ValueError("a line break in the subject"),
]


@pytest.fixture
def office(answer: ModuleType, client: Client) -> Office:
    """Replace transport, policy, sleep and dead letters by fakes."""
    random.seed(4711)  # a check that fails does so each time
    return Office(answer, client)


@pytest.fixture
def inbox(office: Office) -> Iterator[Inbox]:
    """Send to a real mail server."""
    inbox = Inbox()
    office.real_transport = inbox.transport
    with serving(inbox):
        yield inbox


def expect_served(office: Office, *addresses: str, why: str = "") -> None:
    """Fail unless each of these got the mail once, and nobody else did."""
    served = sorted(office.transport.served)
    expect(
        served == sorted(addresses),
        f"the mail is delivered once to {listed(addresses, NOBODY)}",
        f"it was delivered to {listed(served, NOBODY)}",
        why,
    )


def expect_letters(office: Office, *addresses: str, why: str = "") -> None:
    """Fail unless these, and nobody else, are in the dead letters."""
    found = sorted(office.unserved)
    expect(
        found == sorted(addresses),
        f"the dead letters name {listed(addresses, NOBODY)}",
        f"they name {listed(found, NOBODY)}",
        why,
    )


def expect_tries(office: Office, who: str, number: int, why: str) -> None:
    """Fail unless the transport was called so often for this address."""
    found = office.transport.tries_for(who)
    expect(
        found == number,
        f"the transport is called for {who} {times(number)}",
        f"it was {how_often('called', found)}",
        why,
    )


def expect_words(reason: str, words: str) -> None:
    """Fail unless the reason holds what the server said."""
    expect(
        isinstance(reason, str) and words in reason,
        f'the reason is a text that holds what the server said, "{words}"',
        f"the reason: {reason!r}",
    )


def expect_pauses(office: Office, *seconds: float) -> None:
    """Fail unless `sleep` was called with these."""
    expect(
        office.paused == [*seconds],
        f"sleep(…) is called with {listed(seconds)} seconds",
        f"it was {called(office.paused)}",
    )


@pytest.mark.points(1)
def test_a_mail_goes_out_once_after_the_response(office: Office) -> None:
    """After the response, each recipient gets the mail once.

    A mail server may take seconds: the client does not wait for it.
    """
    response = office.post(office.content(ADA, BOB))
    assert response.status_code == 202
    assert response.json() == {
        "status": "success",
        "message": "Email will be sent to 2 recipients in the background",
    }
    office.finish()
    expect_served(office, ADA, BOB)
    expect(
        all(office.transport.after),
        "the response is sent before the transport is called",
        "the transport was called first, so the client waits for it",
    )
    for message in office.transport.messages:
        expect(
            "Order 4711" in str(message),
            "the transport gets the message that was posted",
            f"it got {message!r}",
        )
    expect_letters(office)
    expect(
        office.client.errors == [],
        "all were served, so no exception reaches the server",
        reached(office.client.errors[-1:]),
    )


@pytest.mark.points(2)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_a_temporary_failure_is_tried_again(office: Office) -> None:
    """After a 4xx, a TimeoutError or a ConnectionError, it tries again.

    The server says "later". If the shop gives up, the customer never hears of
    the order.
    """
    for failure in TRANSIENT:
        office.transport.says[ADA] = [failure, None]
        office.transport.served.clear()
        office.send(ADA)
        why = f"the first try raised {failure!r}, the second would work"
        expect_served(office, ADA, why=why)
        expect_letters(office)


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_a_permanent_failure_is_not_tried_again(office: Office) -> None:
    """After a 5xx, a refused login or an unknown error, it does not.

    A server that gets the same refused mail again and again blocks its
    sender.
    """
    for failure in PERMANENT:
        office.transport.says[ADA] = [failure]
        office.transport.tries.clear()
        office.send(ADA)
        expect_tries(office, ADA, 1, f"{failure!r} is permanent")


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_attempts_counts_all_tries(office: Office) -> None:
    """All tries count: with 1 attempt there is one, with 4 there are four.

    The policy says how long a mail may be tried; one more is not agreed.
    """
    office.transport.says[ADA] = [LATER]
    for attempts in (1, 2, 4):
        office.set_policy(attempts=attempts)
        office.transport.tries.clear()
        office.send(ADA)
        why = f"attempts is {attempts}, and every try is put off by 451"
        expect_tries(office, ADA, attempts, why)


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_the_pauses_double_up_to_the_limit(office: Office) -> None:
    """Each pause is twice as long as the one before, up to max_delay.

    A server in trouble gets more and more time, but no mail waits for hours.
    """
    office.set_policy(attempts=9, base_delay=0.1, max_delay=1)
    office.transport.says[ADA] = [*[LATER] * 6, None]
    office.send(ADA)
    expect_pauses(office, 0.1, 0.2, 0.4, 0.8, 1, 1)


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_a_random_part_is_added_below_the_limit(office: Office) -> None:
    """Up to jitter seconds are added; the sum stays below max_delay.

    Without it, a thousand mails that failed together are tried together.
    """
    office.set_policy(attempts=4, base_delay=2, max_delay=1000, jitter=0.3)
    added = []
    for _ in range(20):
        office.transport.says[ADA] = [LATER, LATER, None]
        office.pauses.clear()
        office.send(ADA)
        expect(
            len(office.pauses) == 2,
            "three tries: two pauses between them",
            f"pauses: {len(office.pauses)}",
        )
        added += [office.paused[0] - 2, office.paused[1] - 4]
    expect(
        min(added) >= 0 and round(max(added), 6) <= 0.3,
        "jitter is 0.3: each pause is 0 to 0.3 seconds longer than without it",
        f"{min(added):.3f} to {max(added):.3f} seconds longer",
    )
    expect(
        min(added) < 0.15 < max(added),
        "the random part takes any value from 0 to jitter, 0.3 seconds",
        f"in 40 pauses it was {min(added):.3f} to {max(added):.3f}",
    )
    office.set_policy(attempts=4, base_delay=0.5, max_delay=0.5, jitter=0.3)
    office.transport.says[ADA] = [LATER, None]
    office.pauses.clear()
    office.send(ADA)
    expect_pauses(office, 0.5)


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_no_pause_comes_after_the_last_try(office: Office) -> None:
    """When no try follows, there is no pause.

    A dead letter that comes half a minute late helps nobody.
    """
    for said in ([LATER], [PERMANENT[0]], [LATER, PERMANENT[0]], [None]):
        office.set_policy(attempts=3)
        office.transport.says[ADA] = [*said]
        office.transport.tries.clear()
        office.pauses.clear()
        office.send(ADA)
        between = len(office.transport.tries) - 1
        expect(between >= 0, "the transport is called", "it never was")
        expect(
            len(office.pauses) == between,
            f"tries: {between + 1}. Pauses, one after each but the last:"
            f" {between}",
            f"pauses: {len(office.pauses)}",
        )


@pytest.mark.points(2)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_only_who_was_put_off_is_tried_again(office: Office) -> None:
    """A recipient who has the mail does not get it again.

    Customers who get the same mail five times mark it as spam.
    """
    says = office.transport.says
    says[BOB] = [(400, b"greylisted"), LATER, TimeoutError("slow"), None]
    says[DORA] = [(499, b"not now"), None]
    office.send(ADA, BOB, CARL, DORA)
    expect_served(office, ADA, BOB, CARL, DORA)
    expect_letters(office)
    for who in (ADA, CARL):
        expect_tries(office, who, 1, f"{who} had it after the first try")


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_who_was_refused_is_not_taken_for_served(office: Office) -> None:
    """Recipients that the transport returns become dead letters.

    smtplib raises nothing when only some are refused: it returns them.
    """
    office.transport.says[BOB] = [(550, b"no such user")]
    office.transport.says[DORA] = [(500, b"mailbox is full")]
    office.send(ADA, BOB, CARL, DORA)
    expect_served(office, ADA, CARL)
    why = "the transport returned the two that the server had refused"
    expect_letters(office, BOB, DORA, why=why)
    expect_words(office.unserved[BOB], "no such user")
    expect_words(office.unserved[DORA], "mailbox is full")
    expect_tries(office, BOB, 1, "550 is permanent")
    expect_tries(office, DORA, 1, "500 is permanent")


@pytest.mark.points(1)
@pytest.mark.after("test_who_was_refused_is_not_taken_for_served")
def test_words_that_are_not_utf_8_are_kept(office: Office) -> None:
    """A reply that is not UTF-8 is kept, and raises nothing.

    Servers write in the encoding of their country. If one reply can't be
    decoded, the whole message is lost.
    """
    words = "no such user: Müller".encode("latin-1")
    office.transport.says[BOB] = [(550, words)]
    office.send(ADA, BOB)
    expect_served(office, ADA)
    expect_letters(office, BOB, why=f"the server said {words!r}")
    expect_words(office.unserved[BOB], "no such user")
    office.letters.kept.clear()
    office.transport.says[CARL] = [smtplib.SMTPDataError(554, words)]
    office.send(CARL)
    expect_letters(office, CARL, why=f"the server said {words!r}")
    expect_words(office.unserved[CARL], "no such user")


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_no_message_is_lost(office: Office) -> None:
    """Each message that is given up becomes a dead letter.

    Nobody can send a message again that is in no dead letter.
    """
    office.set_policy(attempts=2)
    for failure, words in (
        (LATER, "try again later"),
        (PERMANENT[0], "this is spam"),
        (TimeoutError("timed out"), ""),
        (ValueError("nobody thought of this"), ""),
    ):
        office.letters.kept.clear()
        office.transport.says |= {ADA: [failure], BOB: [failure]}
        office.send(ADA, BOB)
        expect_served(office)
        why = f"each try raised {failure!r}"
        expect_letters(office, ADA, BOB, why=why)
        for letter in office.letters.kept:
            expect_words(letter.reason, words)
            expect(
                "Order 4711" in str(letter.message),
                "the dead letter holds the message",
                f"it holds {letter.message!r}",
            )


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_it_tells_who_was_not_served(
    answer: ModuleType, office: Office
) -> None:
    """send_with_retry returns a dict of texts, and raises nothing.

    Its caller decides what to do with the recipients who got no mail.
    """
    office.set_policy(attempts=2)

    def sent(*recipients: str) -> Any:
        """Call it by hand, as a coroutine function or in a thread."""

        async def call() -> Any:
            outcome = await run_in_threadpool(
                answer.send_with_retry,
                answer.EmailContent(**office.content(*recipients)),
                office.transport,
                office.policy,
                office.pauses,
            )
            return await outcome if inspect.isawaitable(outcome) else outcome

        return asyncio.run(call())

    found = sent(ADA)
    expect(
        found == {},
        "all were served: send_with_retry returns {}",
        f"it returned {found!r}",
    )
    office.transport.says |= {BOB: [(550, b"no such user")], CARL: [LATER]}
    for who, words in ((BOB, "no such user"), (CARL, "try again later")):
        unserved = sent(who)
        expect(
            isinstance(unserved, dict) and list(unserved) == [who],
            f'{who} is refused: send_with_retry returns {{"{who}": …}}',
            f"it returned {unserved!r}",
        )
        expect_words(unserved[who], words)


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_each_message_has_its_own_tries(office: Office) -> None:
    """Two messages at the same time have three tries each.

    If one message counts in a variable of the module, the other one loses its
    tries.
    """
    office.set_policy(attempts=3)
    met = threading.Barrier(2)

    def meet() -> None:
        """Make try n of one begin together with try n of the other."""
        try:
            met.wait(1)
        except threading.BrokenBarrierError:
            return  # one after the other is right, too

    office.transport.before_each = meet
    for who in (ADA, BOB):
        office.transport.says[who] = [LATER, LATER, None]
        assert office.post(office.content(who)).status_code == 202
    office.finish()
    why = "each message has its own three tries"
    expect_served(office, ADA, BOB, why=why)


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_others_are_answered_while_a_mail_is_sent(office: Office) -> None:
    """While the transport blocks, the server answers other requests.

    On the event loop it would keep all clients waiting, for up to ten seconds.
    """
    office.send(CARL)
    begun, go = threading.Event(), threading.Event()
    in_time: list[bool] = []

    def hold() -> None:
        """Keep the first try until the second request is answered."""
        if not begun.is_set():
            begun.set()
            in_time.append(go.wait(HOLD))

    office.transport.before_each = hold
    assert office.post(office.content(ADA)).status_code == 202
    expect(
        begun.wait(HOLD),
        "the transport is called in the task",
        "it was not called as a background task, which the server waits for",
    )
    assert office.post(office.content(BOB)).status_code == 202
    go.set()
    office.finish()
    expect(
        in_time == [True],
        "while the transport sends, the server answers others",
        "nobody was answered until the mail was sent",
        "in an `async def`, what blocks needs a thread",
    )
    expect_served(office, ADA, BOB, CARL)


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_each_failing_try_is_logged(office: Office) -> None:
    """Each try that fails is logged, the last one too.

    When a mail comes late, the log has to say why.
    """
    logging.getLogger().setLevel(logging.DEBUG)  # any level will do
    marks: list[int] = []
    with remembered_records() as records:

        def logged() -> int:
            """Count the records of the answer itself."""
            others = ("asyncio", "httpx2", "httpcore")
            return sum(not each.name.startswith(others) for each in records)

        office.transport.before_each = lambda: marks.append(logged())
        office.transport.says[ADA] = [LATER, TimeoutError(), PERMANENT[0]]
        office.send(ADA)
        marks.append(logged())
    expect(len(marks) > 3, "three tries fail", f"{len(marks) - 1} tries")
    for number in range(1, len(marks)):
        expect(
            marks[number] > marks[number - 1],
            f"try {number} fails, and a record of `logging` says so",
            "there was no record",
        )


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_the_pause_is_a_real_one(office: Office) -> None:
    """Without an override, the pause really waits.

    `asyncio.sleep(1)` that nobody awaits is no pause at all.
    """
    office.keeps_sleep = True
    office.set_policy(base_delay=1e-6, max_delay=1e-6)
    office.transport.says[ADA] = [LATER, LATER, None]
    with never_awaited() as forgotten:
        office.send(ADA)
    expect_served(office, ADA)
    expect(
        forgotten == [],
        "what `sleep(seconds)` returns is awaited, or it is a plain function",
        "it returned a coroutine that was never awaited: there was no pause",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_a_real_server_refuses_and_hangs_up(
    office: Office, inbox: Inbox
) -> None:
    """A real server refuses, hangs up, refuses; then it takes the mail.

    Real servers close a connection without a word.
    """
    later = "451 4.3.0 try again later"
    inbox.to_data += [later, HANGS_UP, later]
    office.send(ADA)
    expect(
        inbox.taken == [ADA],
        "the server takes the mail at the fourth try",
        f"it was given up: {office.unserved}",
    )
    expect(
        len(office.pauses) == 3,
        "four tries: three pauses between them",
        f"pauses: {len(office.pauses)}",
    )
    expect_letters(office)


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_a_real_server_refuses_each_for_a_reason(
    office: Office, inbox: Inbox
) -> None:
    """A real server refuses each recipient with a different reply.

    SMTPRecipientsRefused holds them: one may be "later", another "never".
    """
    inbox.to_rcpt[ADA] = ["451 4.7.1 greylisted"] * 2
    office.send(ADA)
    expect_taken(inbox, ADA, why="451 is transient")
    inbox.to_rcpt[BOB] = ["450 4.2.1 busy"]
    inbox.to_rcpt[CARL] = ["550 5.1.1 no such user"] * 9
    office.send(BOB, CARL)
    expect_taken(inbox, ADA, BOB, why="450 is transient")
    expect_asked(inbox, CARL, 1, "550 is permanent")
    expect_letters(office, CARL, why="the server said 550")
    expect_words(office.unserved[CARL], "no such user")
    office.letters.kept.clear()
    office.set_policy(attempts=3)
    inbox.to_rcpt[DORA] = ["450 4.2.1 still greylisted"] * 9
    office.send(ADA, DORA)
    expect_taken(inbox, ADA, BOB, ADA, why="nobody is served twice")
    expect_asked(inbox, DORA, 3, "attempts is 3, and 450 is transient")
    expect_letters(office, DORA, why="three times the server said 450")
    expect_words(office.unserved[DORA], "still greylisted")
    inbox.to_rcpt[BOB] = ["450 4.2.1 busy"]
    inbox.to_rcpt[DORA] = ["450 4.2.1 still greylisted"] * 9
    office.send(BOB, DORA)
    why = "attempts is 3 for each message, although the second try served bob"
    expect_asked(inbox, DORA, 6, why)


def expect_taken(inbox: Inbox, *addresses: str, why: str) -> None:
    """Fail unless the server has taken a mail for each of these."""
    expect(
        inbox.taken == [*addresses],
        f"the server takes mails for {listed(addresses)}",
        f"it took mails for {listed(inbox.taken, 'nobody')}",
        why,
    )


def expect_asked(inbox: Inbox, who: str, number: int, why: str) -> None:
    """Fail unless the server was asked so often for this address."""
    found = inbox.asked.count(who)
    expect(
        found == number,
        f"the server is asked for {who} {times(number)}",
        f"it was {how_often('asked', found)}",
        why,
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_invalid_input_sends_nothing(office: Office) -> None:
    """No recipients, or an invalid one, are a 422, and nothing is sent.

    A client that gets a 422 expects that no mail was sent.
    """
    office.send(ADA)
    for wrong in ([], ["not-an-email"], [BOB, "a@b@c"], [f"{BOB}\n"]):
        response = office.post(office.content(*wrong))
        assert response.status_code == 422, f"recipients {wrong}"
    office.finish()
    expect_served(office, ADA)

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
from checks.fakes import HOLD
from checks.loggers import remembered_records
from checks.mail_fakes import Office, never_awaited
from checks.mail_server import HANGS_UP, Inbox, serving

ADA, BOB = "ada@example.com", "bob@example.com"
CARL, DORA = "carl@example.com", "dora@example.com"
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


@pytest.mark.points(1)
def test_a_mail_goes_out_once_after_the_response(office: Office) -> None:
    """All recipients are served in the task, and nobody waits for it."""
    response = office.post(office.content(ADA, BOB))
    assert response.status_code == 202
    assert response.json() == {
        "status": "success",
        "message": "Email will be sent to 2 recipients in the background",
    }
    office.finish()
    assert sorted(office.transport.served) == [ADA, BOB]
    assert all(office.transport.after), "it was sent before the response"
    for message in office.transport.messages:
        assert "Order 4711" in str(message), "this is not the message"
    assert office.letters.kept == [], "a dead letter for who was served"
    assert office.client.errors == []


@pytest.mark.points(2)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_a_temporary_failure_is_tried_again(office: Office) -> None:
    """4xx, TimeoutError and ConnectionError: the second try works."""
    for failure in TRANSIENT:
        office.transport.says[ADA] = [failure, None]
        office.transport.served.clear()
        office.send(ADA)
        served = office.transport.served
        assert served == [ADA], f"not tried again after {failure!r}"
        assert office.letters.kept == [], "a dead letter for who was served"


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_a_permanent_failure_is_not_tried_again(office: Office) -> None:
    """5xx, a refused login, and whatever is not known to pass."""
    for failure in PERMANENT:
        office.transport.says[ADA] = [failure]
        office.transport.tries.clear()
        office.send(ADA)
        tries = office.transport.tries_for(ADA)
        assert tries == 1, f"{failure!r} will not pass, but was tried again"


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_attempts_counts_all_tries(office: Office) -> None:
    """With 1 there is no second try, with 4 there are four in all."""
    office.transport.says[ADA] = [LATER]
    for attempts in (1, 2, 4):
        office.set_policy(attempts=attempts)
        office.transport.tries.clear()
        office.send(ADA)
        tries = office.transport.tries_for(ADA)
        assert tries == attempts, f"{tries} tries with attempts={attempts}"


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_the_pauses_double_up_to_the_limit(office: Office) -> None:
    """base_delay, twice, four times as long, but never above max_delay."""
    office.set_policy(attempts=9, base_delay=0.1, max_delay=1)
    office.transport.says[ADA] = [*[LATER] * 6, None]
    office.send(ADA)
    assert office.paused == [0.1, 0.2, 0.4, 0.8, 1, 1]


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_a_random_part_is_added_below_the_limit(office: Office) -> None:
    """From 0 to jitter seconds more; the limit holds for the sum."""
    office.set_policy(attempts=4, base_delay=2, max_delay=1000, jitter=0.3)
    added = []
    for _ in range(20):
        office.transport.says[ADA] = [LATER, LATER, None]
        office.pauses.clear()
        office.send(ADA)
        assert len(office.pauses) == 2, "a pause between two tries"
        added += [office.paused[0] - 2, office.paused[1] - 4]
    assert min(added) >= 0, "shorter than without the random part"
    assert round(max(added), 6) <= 0.3, "longer than with the whole jitter"
    assert min(added) < 0.15 < max(added), "spread it from 0 to jitter"
    office.set_policy(attempts=4, base_delay=0.5, max_delay=0.5, jitter=0.3)
    office.transport.says[ADA] = [LATER, None]
    office.pauses.clear()
    office.send(ADA)
    assert office.paused == [0.5], "longer than max_delay"


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_no_pause_comes_after_the_last_try(office: Office) -> None:
    """Nothing is left to wait for: given up, refused for good, or served."""
    for said in ([LATER], [PERMANENT[0]], [LATER, PERMANENT[0]], [None]):
        office.set_policy(attempts=3)
        office.transport.says[ADA] = [*said]
        office.transport.tries.clear()
        office.pauses.clear()
        office.send(ADA)
        between = len(office.transport.tries) - 1
        assert between >= 0, "it was never tried"
        assert len(office.pauses) == between, (
            f"tries: {between + 1}, pauses: {len(office.pauses)}"
        )


@pytest.mark.points(2)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_only_who_was_put_off_is_tried_again(office: Office) -> None:
    """Who has the mail does not get it twice, whatever happens next."""
    says = office.transport.says
    says[BOB] = [(400, b"greylisted"), LATER, TimeoutError("slow"), None]
    says[DORA] = [(499, b"not now"), None]
    office.send(ADA, BOB, CARL, DORA)
    assert sorted(office.transport.served) == [ADA, BOB, CARL, DORA], (
        "each has to get it, and nobody twice"
    )
    assert office.letters.kept == [], "a dead letter for who was served"
    tries = [office.transport.tries_for(who) for who in (ADA, CARL)]
    assert tries == [1, 1], "they had it after the first try"


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_who_was_refused_is_not_taken_for_served(office: Office) -> None:
    """What the transport returns goes to the dead letters, with its words."""
    office.transport.says[BOB] = [(550, b"no such user")]
    office.transport.says[DORA] = [(500, b"mailbox is full")]
    office.send(ADA, BOB, CARL, DORA)
    assert sorted(office.transport.served) == [ADA, CARL]
    assert sorted(office.unserved) == [BOB, DORA], (
        "the transport returned whom the server had refused"
    )
    assert "no such user" in office.unserved[BOB]
    assert "mailbox is full" in office.unserved[DORA]
    assert office.transport.tries_for(BOB) == 1, "550 will not pass"
    assert office.transport.tries_for(DORA) == 1, "500 will not pass"


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_no_message_is_lost(office: Office) -> None:
    """Given up, refused or not understood: all of it is in a dead letter."""
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
        assert office.transport.served == []
        assert sorted(office.unserved) == [ADA, BOB], (
            f"after {failure!r} they are not in the dead letters"
        )
        for letter in office.letters.kept:
            assert words in letter.reason
            assert "Order 4711" in str(letter.message), (
                "the letter does not hold the message"
            )


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_it_tells_who_was_not_served(
    answer: ModuleType, office: Office
) -> None:
    """send_with_retry returns a dict of text, and does not raise."""
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

    assert sent(ADA) == {}
    office.transport.says |= {BOB: [(550, b"no such user")], CARL: [LATER]}
    for who, words in ((BOB, "no such user"), (CARL, "try again later")):
        unserved = sent(who)
        assert isinstance(unserved, dict)
        assert list(unserved) == [who], f"the server said: {words}"
        assert words in unserved[who]


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_each_message_has_its_own_tries(office: Office) -> None:
    """Two are on their way at once, and each may be tried three times."""
    office.set_policy(attempts=3)
    met = threading.Barrier(2)

    def meet() -> None:
        """Let try n of one begin together with try n of the other."""
        try:
            met.wait(1)
        except threading.BrokenBarrierError:
            return  # one after the other is right, too

    office.transport.before_each = meet
    for who in (ADA, BOB):
        office.transport.says[who] = [LATER, LATER, None]
        assert office.post(office.content(who)).status_code == 202
    office.finish()
    assert sorted(office.transport.served) == [ADA, BOB], (
        "one message used up the tries of the other"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_others_are_answered_while_a_mail_is_sent(office: Office) -> None:
    """The transport blocks; the event loop does not."""
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
    assert begun.wait(HOLD), "the transport was never called"
    assert office.post(office.content(BOB)).status_code == 202
    go.set()
    office.finish()
    assert in_time == [True], "nobody was answered while a mail was sent"
    assert sorted(office.transport.served) == [ADA, BOB, CARL]


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_each_failing_try_is_logged(office: Office) -> None:
    """The last one too, after which there is no other."""
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
    assert len(marks) > 3, f"{len(marks) - 1} tries, and 3 were to fail"
    for number in range(1, len(marks)):
        made = marks[number] - marks[number - 1]
        assert made > 0, f"try {number} failed, and no record says so"


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_the_pause_is_a_real_one(office: Office) -> None:
    """What get_sleep gives by itself fits how it is called."""
    office.keeps_sleep = True
    office.set_policy(base_delay=1e-6, max_delay=1e-6)
    office.transport.says[ADA] = [LATER, LATER, None]
    with never_awaited() as forgotten:
        office.send(ADA)
    assert office.transport.served == [ADA]
    assert forgotten == [], (
        "there was no pause: what `sleep(seconds)` gave was not awaited"
    )


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_a_real_server_refuses_and_hangs_up(
    office: Office, inbox: Inbox
) -> None:
    """451, no reply at all, 451 again: the fourth try is taken."""
    later = "451 4.3.0 try again later"
    inbox.to_data += [later, HANGS_UP, later]
    office.send(ADA)
    assert inbox.taken == [ADA], f"given up: {office.unserved}"
    assert len(office.pauses) == 3
    assert office.letters.kept == [], "a dead letter for who was served"


@pytest.mark.points(1)
@pytest.mark.after("test_a_temporary_failure_is_tried_again")
def test_a_real_server_refuses_each_for_a_reason(
    office: Office, inbox: Inbox
) -> None:
    """All recipients of a try are refused: each by a reply of its own."""
    inbox.to_rcpt[ADA] = ["451 4.7.1 greylisted"] * 2
    office.send(ADA)
    assert inbox.taken == [ADA], "451 is no reason to give up"
    inbox.to_rcpt[BOB] = ["450 4.2.1 busy"]
    inbox.to_rcpt[CARL] = ["550 5.1.1 no such user"] * 9
    office.send(BOB, CARL)
    assert inbox.taken == [ADA, BOB], "450 is no reason to give up"
    assert inbox.asked.count(CARL) == 1, "550 will not pass"
    assert list(office.unserved) == [CARL], "550 is a dead letter"
    assert "no such user" in office.unserved[CARL]
    office.letters.kept.clear()
    office.set_policy(attempts=3)
    inbox.to_rcpt[DORA] = ["450 4.2.1 still greylisted"] * 9
    office.send(ADA, DORA)
    assert inbox.taken == [ADA, BOB, ADA]
    assert inbox.asked.count(DORA) == 3, "attempts=3 are three tries"
    assert list(office.unserved) == [DORA], "it was put off to the end"
    assert "still greylisted" in office.unserved[DORA]


@pytest.mark.points(1)
@pytest.mark.after("test_a_mail_goes_out_once_after_the_response")
def test_invalid_input_sends_nothing(office: Office) -> None:
    """422 for nobody, and for what is no address, among others too."""
    office.send(ADA)
    for wrong in ([], ["not-an-email"], [BOB, "a@b@c"], [f"{BOB}\n"]):
        response = office.post(office.content(*wrong))
        assert response.status_code == 422, f"recipients {wrong}"
    office.finish()
    assert office.transport.served == [ADA]

"""Checks of exercise 14: one invitation for each address."""

from types import ModuleType

import pytest

from checks.asgi import Client
from checks.expect import called, expect, listed
from checks.fakes import Work

ADA, BOB = "ada@example.com", "bob@example.com"


def invited(answer: ModuleType, client: Client, *emails: str) -> Work:
    """Ask for these addresses, one after the other; return what ran."""
    work = Work(client)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_invitation_task] = lambda: work.plain
    for email in emails:
        response = client.post(f"/invite/{email}")
        assert response.status_code == 202
        assert response.json() == {"message": "Noted"}
        client.finish()
    return work


def expect_invited(work: Work, *emails: str) -> None:
    """Fail unless the task ran once for each of these."""
    expect(
        work.emails == [*emails],
        f"the task of get_invitation_task runs for {listed(emails)}",
        f"it was {called(work.emails)}",
    )


@pytest.mark.points(3)
def test_the_response_comes_before_the_invitation(
    answer: ModuleType, client: Client
) -> None:
    """The client has all of its response when the task begins.

    A customer who gets an answer at once does not press the button again.
    """
    work = invited(answer, client, ADA)
    expect_invited(work, ADA)
    expect(
        work.after == [1],
        "the response is sent before the task begins",
        "the task began first, so the client waits for it",
    )


@pytest.mark.points(4)
@pytest.mark.after("test_the_response_comes_before_the_invitation")
def test_the_same_address_is_invited_once(
    answer: ModuleType, client: Client
) -> None:
    """Also when it is sent three times, with another address in between.

    Three invitations in one minute look like spam.
    """
    work = invited(answer, client, ADA, ADA, BOB, ADA)
    often = work.emails.count(ADA)
    expect(
        often == 1,
        f"three requests for {ADA}: the task runs once for this address",
        f"it ran {often} times",
    )


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_comes_before_the_invitation")
def test_each_address_has_its_own_invitation(
    answer: ModuleType, client: Client
) -> None:
    """After one address was invited, another one is still invited.

    The sale is for all customers.
    """
    work = invited(answer, client, ADA, BOB)
    missing = {ADA, BOB} - set(work.emails)
    expect(
        not missing,
        f"the task runs for {ADA} and for {BOB}",
        f"it did not run for {listed(missing)}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_comes_before_the_invitation")
def test_an_invalid_address_invites_nobody(
    answer: ModuleType, client: Client
) -> None:
    """422, and no task: only the valid address has one.

    A client that gets a 422 expects that nothing was done.
    """
    work = invited(answer, client, ADA)
    assert client.post("/invite/not-an-email").status_code == 422
    client.finish()
    expect_invited(work, ADA)

"""Checks of exercise 14: one invitation for each address."""

from types import ModuleType

import pytest

from checks.asgi import Client
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


@pytest.mark.points(3)
def test_the_response_comes_before_the_invitation(
    answer: ModuleType, client: Client
) -> None:
    """The client has all of its answer when the task begins."""
    work = invited(answer, client, ADA)
    assert work.emails == [ADA]
    assert work.after == [1], "the task began before the response"


@pytest.mark.points(4)
@pytest.mark.after("test_the_response_comes_before_the_invitation")
def test_the_same_address_is_invited_once(
    answer: ModuleType, client: Client
) -> None:
    """However often it is asked for, and whoever was invited meanwhile."""
    work = invited(answer, client, ADA, ADA, BOB, ADA)
    assert work.emails.count(ADA) == 1, "how often Ada was invited"


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_comes_before_the_invitation")
def test_each_address_has_its_own_invitation(
    answer: ModuleType, client: Client
) -> None:
    """That one was invited keeps nobody else from it."""
    work = invited(answer, client, ADA, BOB)
    assert sorted(set(work.emails)) == [ADA, BOB]


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_comes_before_the_invitation")
def test_an_invalid_address_invites_nobody(
    answer: ModuleType, client: Client
) -> None:
    """422, and no task: only the valid address has one."""
    work = invited(answer, client, ADA)
    assert client.post("/invite/not-an-email").status_code == 422
    client.finish()
    assert work.emails == [ADA]

"""Exercise 7: test a task.

Story
    An application notifies people in the background, and its one test is
    green. Then somebody deletes the line that schedules the task. The test
    is still green.

Build
    Repair `test_a_notification_is_sent`, and write more tests: all of them
    pass on an application that is right, and at least one fails on each that
    is broken. The application is not in this file. The checks run your tests
    on three right ones, each built in another way, and on eight broken ones:
    - never_scheduled           answers 202 and notifies nobody
    - runs_before_the_response  runs the task, and answers then
    - scheduled_twice           notifies twice for one request
    - ignores_the_override      uses its own task and outbox, whatever
                                replaces them
    - loses_the_message         notifies with an empty message
    - accepts_any_address       takes an invalid address for a valid one
    - sends_despite_422         answers 422 to an invalid address, and
                                notifies it all the same
    - mixes_requests            a second request sends what the first one
                                asked for
    A right one answers `POST /send-notification/{email}?message=Hello!` with
    202 and {"message": "Notification scheduled"}; after the response it calls
    task(email, message), once. For an invalid address it answers 422, and
    calls nothing.
    Each test has to give the same result alone and in any order, and must not
    really sleep. Fixtures of your own, classes, parametrize, monkeypatch and
    tmp_path are welcome; a conftest.py is not read. A test that is skipped,
    marked as xfail or never ends has noticed nothing.

Names the checks rely on
    test_a_notification_is_sent   keep this name; it has to fail on
                                  never_scheduled
    target                        a fixture (given): the application's module,
                                  loaded afresh for each test, with
      target.app                  the application
      target.get_outbox           gives a list; what is sent is appended to
                                  it as (email, message)
      target.get_notification_task  gives the task, which is called by
                                  position. It may be replaced by a `def` or
                                  an `async def`
    client_for                    a fixture (given): client_for(target.app)
                                  is a TestClient. It takes any application,
                                  and any option that a TestClient takes

    Let only FastAPI call the two `get_…`: in one application they are
    functions, in another generators or a class. All else in the module is
    the application's own.

Builds on exercises 2 and 3, whose checks are tests of this kind. To try it
yourself: python -m pytest exercises/ex07_test_a_task.py
runs your tests on a right application; set the environment variable
APP_UNDER_TEST to the name of a broken one to run them on that.

Notebook: notebooks/testing.ipynb
"""

from collections.abc import Callable
from types import ModuleType
from unittest.mock import MagicMock, patch

from fastapi.testclient import TestClient

pytest_plugins = ["checks.app_under_test"]  # the two fixtures (given)

ClientFor = Callable[..., TestClient]


def test_a_notification_is_sent(
    target: ModuleType, client_for: ClientFor
) -> None:
    # TODO: this passes whatever the application does. Let it see the task.
    task = MagicMock()
    with patch.object(target, "get_notification_task", return_value=task):
        response = client_for(target.app).post(
            "/send-notification/ada@example.com", params={"message": "Hello!"}
        )
    assert response.status_code == 202
    assert response.json() == {"message": "Notification scheduled"}


# TODO: more tests, until each of the eight is noticed by one of them.

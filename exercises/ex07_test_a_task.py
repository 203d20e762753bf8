"""Exercise 7: test a task.

Story
    An application notifies people in the background, and its one test is
    green. Then somebody deletes the line that schedules the task. The test
    is still green.

Build
    Repair `test_a_notification_is_sent`, and write more tests. All your tests
    must pass on a right application. For each broken application, at least
    one test must fail. The applications are not in this file. The checks
    run your tests on three right applications, each written in a different
    way, and on eight broken ones:
    - never_scheduled           answers 202 and notifies nobody
    - runs_before_the_response  runs the task first, then answers
    - scheduled_twice           notifies twice for one request
    - ignores_the_override      uses its own task and outbox, also when
                                you override them
    - loses_the_message         notifies with an empty message
    - accepts_any_address       accepts an invalid address
    - sends_despite_422         answers 422 to an invalid address, but
                                still notifies that address
    - mixes_requests            a second request sends the notification of
                                the first one
    A right one answers `POST /send-notification/{email}?message=Hello!` with
    202 and {"message": "Notification scheduled"}; after the response it calls
    task(email, message), once. For an invalid address it answers 422, and
    calls nothing.
    Each test has to give the same result alone and in any order, and must not
    call a real `sleep` (of time, asyncio or anyio). You may use your own
    fixtures, classes, parametrize, monkeypatch and tmp_path; a conftest.py is
    not read. Tests that are skipped, marked as xfail, or do not end, are not
    counted.

Names that the checks use
    test_a_notification_is_sent   keep this name; it has to fail on
                                  never_scheduled
    target                        a fixture (ready): the application's module,
                                  loaded again for each test. It contains:
      target.app                  the application
      target.get_outbox           returns a list; each notification is
                                  appended to it as (email, message)
      target.get_notification_task  returns the task, which is called as
                                  task(email, message). You may replace it by
                                  a `def` or an `async def`
    client_for                    a fixture (ready): client_for(target.app)
                                  is a TestClient. It takes any application,
                                  and any option that a TestClient takes
    Do not change these names. (ready) means: already written.

    Do not call `get_outbox` or `get_notification_task` yourself: use
    `dependency_overrides`. Both may be generators, and
    `get_notification_task` may be a class. Do not use any other name of the
    module.

Builds on exercises 2 and 3, whose checks are tests of this kind. To try it
yourself: python3 start.py try 7
This runs your tests on a right application. To run them on a broken one, set
the environment variable APP_UNDER_TEST to its name first, for example
APP_UNDER_TEST=scheduled_twice python3 start.py try 7

Notebook: notebooks/testing.ipynb
"""

from collections.abc import Callable
from types import ModuleType
from unittest.mock import MagicMock, patch

from fastapi.testclient import TestClient

pytest_plugins = ["checks.app_under_test"]  # the two fixtures (ready)

ClientFor = Callable[..., TestClient]


def test_a_notification_is_sent(
    target: ModuleType, client_for: ClientFor
) -> None:
    # TODO: this test always passes. It must fail when the task does not run.
    task = MagicMock()
    with patch.object(target, "get_notification_task", return_value=task):
        response = client_for(target.app).post(
            "/send-notification/ada@example.com", params={"message": "Hello!"}
        )
    assert response.status_code == 202
    assert response.json() == {"message": "Notification scheduled"}


# TODO: write more tests: each broken application must fail at least one.

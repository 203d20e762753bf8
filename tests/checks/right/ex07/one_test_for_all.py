# Axis: two tests only, the given one with parameters; files, no lists.

import pytest

pytest_plugins = ["checks.app_under_test"]

CASES = {
    "good": ["ada@example.com"],
    "two": ["ada@example.com", "bob@example.com"],
    "bad": ["not-an-email", "a@b@c"],
}


@pytest.fixture
def file(target, tmp_path):
    file = tmp_path / "sent.txt"

    class Task:
        def __call__(self, email, message):
            with file.open("a") as out:
                print(email, message, file=out)

    async def get_task():
        return Task()

    target.app.dependency_overrides[target.get_notification_task] = get_task
    file.touch()
    return file


@pytest.mark.parametrize("emails", CASES.values(), ids=CASES)
def test_a_notification_is_sent(target, client_for, file, emails):
    client, said = client_for(target.app), ""
    for number, email in enumerate(emails):
        where = f"/send-notification/{email}?message=Number {number}"
        response = client.post(where)
        if "example" in email:
            assert response.status_code == 202
            said += f"{email} Number {number}\n"
        else:
            assert response.status_code == 422
    assert file.read_text() == said


def test_order(target, client_for):
    def broken(*_):
        raise SystemError

    overrides = target.app.dependency_overrides
    overrides[target.get_notification_task] = lambda: broken
    client = client_for(target.app, raise_server_exceptions=False)
    url = "/send-notification/ada@example.com?message=x"
    assert client.post(url).is_success

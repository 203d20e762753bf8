# Sees the 422, and not what is sent all the same.
# fails: test_a_broken_app_is_noticed[sends_despite_422]


@pytest.mark.parametrize("email", ["not-an-email", "a@b@c"])
def test_what_is_no_address_is_refused(client, email):
    assert notify(client, email, "Hello!").status_code == 422

# Asks what follows from a 422, and not whether there is one.
# fails: test_a_broken_app_is_noticed[accepts_any_address]


@pytest.mark.parametrize("email", ["not-an-email", "a@b@c"])
def test_what_is_no_address_is_refused(client, sent, email):
    if notify(client, email, "Hello!").status_code == 422:
        assert sent == []

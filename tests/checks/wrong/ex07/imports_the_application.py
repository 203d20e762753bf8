# The application is asked for by its name, at import.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_every_right_app_passes_and_a_broken_one_does_not

from app_under_test import app


@pytest.fixture
def client(client_for):
    return client_for(app)

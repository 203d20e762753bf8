# The application is asked for by its name, at import.
# fails: test_the_given_test_notices_that_nothing_is_sent, test_every_right_app_passes_and_a_broken_one_does_not, test_a_broken_app_is_noticed[never_scheduled], test_a_broken_app_is_noticed[runs_before_the_response], test_a_broken_app_is_noticed[scheduled_twice], test_a_broken_app_is_noticed[ignores_the_override], test_a_broken_app_is_noticed[loses_the_message], test_a_broken_app_is_noticed[accepts_any_address], test_a_broken_app_is_noticed[sends_despite_422], test_a_broken_app_is_noticed[mixes_requests]

from app_under_test import app


@pytest.fixture
def client(client_for):
    return client_for(app)

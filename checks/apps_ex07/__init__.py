"""The applications that the tests of exercise 7 are run on.

Three are right, each built in another way; eight are broken, each in the one
way that its first line names. None is imported: see checks/app_under_test.py.
"""

RIGHT = ("right_functions", "right_objects", "right_generators")
BROKEN = {
    "never_scheduled": "it answers 202 and notifies nobody",
    "runs_before_the_response": "the response is sent only when the task is done",
    "scheduled_twice": "one request notifies twice",
    "ignores_the_override": "what replaces a dependency is not used",
    "loses_the_message": "who is notified gets an empty message",
    "accepts_any_address": "what is no address is scheduled, too",
    "sends_despite_422": "it answers 422 and notifies all the same",
    "mixes_requests": "a second request sends what the first one asked for",
}

"""The applications that the tests of exercise 7 are run on.

Three are right, each built in another way; eight are broken, each in the one
way that its first line names. None is imported: see checks/app_under_test.py.
"""

RIGHT = ("right_functions", "right_objects", "right_generators")
BROKEN = {
    "never_scheduled": "it answers 202 and notifies nobody",
    "runs_before_the_response": "the response is sent only when the task is done",
    "scheduled_twice": "one request notifies twice",
    "ignores_the_override": "it does not use what replaces a dependency",
    "loses_the_message": "it notifies with an empty message",
    "accepts_any_address": "it accepts an invalid address",
    "sends_despite_422": "it answers 422, but still notifies that address",
    "mixes_requests": "a second request sends what the first one asked for",
}

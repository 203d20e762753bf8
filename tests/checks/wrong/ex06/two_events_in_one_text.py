# Forgets the comma between two events.
# fails: test_the_order_is_as_predicted[own_response]


PREDICTIONS["own_response"] = [
    "endpoint runsresponse starts",
    "response ends",
    "own task runs",
]

# A response runs its own task before it is sent.
# fails: test_the_order_is_as_predicted[own_response]


PREDICTIONS["own_response"] = [
    "endpoint runs",
    "own task runs",
    "response starts",
    "response ends",
]

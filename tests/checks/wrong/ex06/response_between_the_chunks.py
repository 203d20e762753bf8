# The response starts when the first chunk is there.
# fails: test_the_order_is_as_predicted[streaming]


PREDICTIONS["streaming"] = [
    "endpoint runs",
    "first chunk is made",
    "response starts",
    "second chunk is made",
    "response ends",
    "task runs",
]

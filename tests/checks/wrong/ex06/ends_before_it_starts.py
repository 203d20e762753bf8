# The response ends before it starts.
# fails: test_the_order_is_as_predicted[streaming]


PREDICTIONS["streaming"] = [
    "endpoint runs",
    "response ends",
    "response starts",
    "first chunk is made",
    "second chunk is made",
    "task runs",
]

# The chunks are made before the response starts.
# fails: test_the_order_is_as_predicted[streaming]

PREDICTIONS["streaming"] = [
    "endpoint runs",
    "first chunk is made",
    "second chunk is made",
    "response starts",
    "response ends",
    "task runs",
]

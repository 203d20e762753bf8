# The task runs while the response is streamed.
# fails: test_the_order_is_as_predicted[streaming]

PREDICTIONS["streaming"] = [
    "endpoint runs",
    "response starts",
    "first chunk is made",
    "task runs",
    "second chunk is made",
    "response ends",
]

# The task runs before the response.
# fails: test_the_order_is_as_predicted[yield_dependency]


PREDICTIONS["yield_dependency"] = [
    "dependency enters",
    "endpoint runs",
    "task runs",
    "response starts",
    "response ends",
    "dependency leaves",
]

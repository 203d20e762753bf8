# The dependency is left before the task, as in FastAPI 0.106.
# fails: test_the_order_is_as_predicted[yield_dependency]


PREDICTIONS["yield_dependency"] = [
    "dependency enters",
    "endpoint runs",
    "response starts",
    "response ends",
    "dependency leaves",
    "task runs",
]

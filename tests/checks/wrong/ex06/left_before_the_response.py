# The dependency is left before the response, as in FastAPI 0.106 to 0.117.
# fails: test_the_order_is_as_predicted[yield_dependency]

PREDICTIONS["yield_dependency"] = [
    "dependency enters",
    "endpoint runs",
    "dependency leaves",
    "response starts",
    "response ends",
    "task runs",
]

# A task that is added early runs at once.
# fails: test_the_order_is_as_predicted[dependency_adds_tasks]


PREDICTIONS["dependency_adds_tasks"] = [
    "dependency enters",
    "early task runs",
    "endpoint runs",
    "response starts",
    "response ends",
    "dependency leaves",
]

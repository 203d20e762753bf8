# The endpoint runs before its dependency.
# fails: test_the_order_is_as_predicted[function_scope]


PREDICTIONS["function_scope"] = [
    "endpoint runs",
    "dependency enters",
    "dependency leaves",
    "response starts",
    "response ends",
    "task runs",
]

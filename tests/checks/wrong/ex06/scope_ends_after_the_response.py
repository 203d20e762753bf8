# With scope="function" it is left after the response.
# fails: test_the_order_is_as_predicted[function_scope]


PREDICTIONS["function_scope"] = [
    "dependency enters",
    "endpoint runs",
    "response starts",
    "response ends",
    "dependency leaves",
    "task runs",
]

# The server gets the error before the dependency does.
# fails: test_the_order_is_as_predicted[first_task_fails]


PREDICTIONS["first_task_fails"] = [
    "dependency enters",
    "endpoint runs",
    "response starts",
    "response ends",
    "first task fails",
    "server gets the error",
    "dependency catches the error",
]

# The error of a task comes before the response.
# fails: test_the_order_is_as_predicted[first_task_fails]

PREDICTIONS["first_task_fails"] = [
    "dependency enters",
    "endpoint runs",
    "first task fails",
    "dependency catches the error",
    "server gets the error",
    "response starts",
    "response ends",
]

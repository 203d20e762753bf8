# The dependency goes on after the `raise`.
# fails: test_the_order_is_as_predicted[first_task_fails]


PREDICTIONS["first_task_fails"] = [
    "dependency enters",
    "endpoint runs",
    "response starts",
    "response ends",
    "first task fails",
    "dependency catches the error",
    "dependency leaves",
    "server gets the error",
]

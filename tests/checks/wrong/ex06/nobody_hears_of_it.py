# The error of a task is lost.
# fails: test_the_order_is_as_predicted[first_task_fails]

PREDICTIONS["first_task_fails"].remove("server gets the error")

# The second task runs although the first one failed.
# fails: test_the_order_is_as_predicted[first_task_fails]

PREDICTIONS["first_task_fails"].insert(5, "second task runs")

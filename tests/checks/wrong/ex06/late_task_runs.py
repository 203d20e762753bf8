# A task that is added after the yield runs.
# fails: test_the_order_is_as_predicted[dependency_adds_tasks]

PREDICTIONS["dependency_adds_tasks"].append("late task runs")

# Makes one list of all six.
# fails: test_the_order_is_as_predicted[yield_dependency], test_the_order_is_as_predicted[first_task_fails], test_the_order_is_as_predicted[function_scope], test_the_order_is_as_predicted[own_response], test_the_order_is_as_predicted[streaming], test_the_order_is_as_predicted[dependency_adds_tasks]


PREDICTIONS = [
    ["dependency enters", "endpoint runs", "response starts"],
    ["endpoint runs", "response starts", "response ends"],
]

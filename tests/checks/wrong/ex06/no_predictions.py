# The name is spelt wrong.
# fails: test_the_order_is_as_predicted[yield_dependency], test_the_order_is_as_predicted[first_task_fails], test_the_order_is_as_predicted[function_scope], test_the_order_is_as_predicted[own_response], test_the_order_is_as_predicted[streaming], test_the_order_is_as_predicted[dependency_adds_tasks]

del PREDICTIONS

PREDICTION = {"yield_dependency": ["dependency enters", "endpoint runs"]}

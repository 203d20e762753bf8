# Leaves a blank behind an event.
# fails: test_the_order_is_as_predicted[function_scope]


PREDICTIONS["function_scope"][-1] += " "

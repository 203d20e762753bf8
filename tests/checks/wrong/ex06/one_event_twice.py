# An event happens twice.
# fails: test_the_order_is_as_predicted[function_scope]

PREDICTIONS["function_scope"].append("response ends")

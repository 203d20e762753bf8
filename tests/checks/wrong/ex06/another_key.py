# Writes a name with a hyphen.
# fails: test_the_order_is_as_predicted[function_scope]


PREDICTIONS["function-scope"] = PREDICTIONS.pop("function_scope")

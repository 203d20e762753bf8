# The dependency of function scope is left last, too.
# fails: test_the_order_is_as_predicted[function_scope]

PREDICTIONS["function_scope"] = PREDICTIONS["yield_dependency"]

# Leaves None in the place of a list.
# fails: test_the_order_is_as_predicted[yield_dependency]


PREDICTIONS["yield_dependency"] = None

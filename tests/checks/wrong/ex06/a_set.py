# A set has no order.
# fails: test_the_order_is_as_predicted[own_response]


PREDICTIONS["own_response"] = set(PREDICTIONS["own_response"])

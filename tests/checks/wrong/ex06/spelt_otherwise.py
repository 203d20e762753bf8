# An event is spelt otherwise.
# fails: test_the_order_is_as_predicted[streaming]

PREDICTIONS["streaming"][1] = "Response Started"

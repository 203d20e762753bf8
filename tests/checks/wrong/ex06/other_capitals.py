# Writes the events with capital letters.
# fails: test_the_order_is_as_predicted[streaming]


PREDICTIONS["streaming"] = [each.title() for each in PREDICTIONS["streaming"]]

# Every failure is tried again.
# fails: test_a_permanent_failure_is_not_tried_again, test_who_was_refused_is_not_taken_for_served, test_a_real_server_refuses_each_for_a_reason


def classify(error: Exception) -> str:
    return "transient"

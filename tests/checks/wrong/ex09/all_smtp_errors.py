# Tries each error of smtplib again.
# fails: test_a_permanent_failure_is_not_tried_again, test_who_was_refused_is_not_taken_for_served, test_a_real_server_refuses_each_for_a_reason


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPException):
        return "transient"
    away = ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"

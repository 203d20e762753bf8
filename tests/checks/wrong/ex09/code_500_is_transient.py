# Takes 500 for a temporary failure: <= in place of <.
# fails: test_a_permanent_failure_is_not_tried_again, test_who_was_refused_is_not_taken_for_served


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code in range(400, 501)
        return "transient" if passes else "permanent"
    away = ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"

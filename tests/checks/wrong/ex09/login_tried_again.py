# A refused login is tried again.
# fails: test_a_permanent_failure_is_not_tried_again


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code in {*range(400, 500), 535}
        return "transient" if passes else "permanent"
    away = ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"

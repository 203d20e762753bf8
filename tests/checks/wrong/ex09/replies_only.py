# Time-outs and lost connections are permanent.
# fails: test_a_temporary_failure_is_tried_again


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code in range(400, 500)
        return "transient" if passes else "permanent"
    away = smtplib.SMTPServerDisconnected
    return "transient" if isinstance(error, away) else "permanent"

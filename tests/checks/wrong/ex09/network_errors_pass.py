# Any OSError that is no SMTPException passes, an unknown host too.
# fails: test_a_permanent_failure_is_not_tried_again


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code in range(400, 500)
        return "transient" if passes else "permanent"
    if type(error) in (smtplib.SMTPException, smtplib.SMTPNotSupportedError):
        return "permanent"
    away = OSError
    return "transient" if isinstance(error, away) else "permanent"

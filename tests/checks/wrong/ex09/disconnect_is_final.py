# A server that hangs up is not asked again.
# fails: test_a_real_server_refuses_and_hangs_up


def classify(error: Exception) -> Literal["transient", "permanent"]:
    if isinstance(error, smtplib.SMTPResponseException):
        passes = error.smtp_code in range(400, 500)
        return "transient" if passes else "permanent"
    away = ConnectionError | TimeoutError
    return "transient" if isinstance(error, away) else "permanent"

# SMTPRecipientsRefused has no smtp_code, so it counts as permanent.
# fails: test_a_real_server_refuses_each_for_a_reason


def refusals(
    message: EmailContent, transport: Transport, recipients: list[str]
) -> dict[str, Exception]:
    """Try once, and tell for whom it failed, and with which error."""
    try:
        refused = transport(message, recipients)
    except Exception as error:
        return dict.fromkeys(recipients, error)
    return {
        who: smtplib.SMTPResponseException(
            code, words.decode(errors="replace")
        )
        for who, (code, words) in refused.items()
    }

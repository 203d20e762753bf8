# An exception that nobody expected leaves the task, the message with it.
# fails: test_no_message_is_lost


def refusals(
    message: EmailContent, transport: Transport, recipients: list[str]
) -> dict[str, Exception]:
    """Try once, and tell for whom it failed, and with which error."""
    try:
        refused = transport(message, recipients)
    except smtplib.SMTPRecipientsRefused as error:
        # nobody was served; after a 421 the rest were not even asked
        refused = dict.fromkeys(recipients, (421, b"never asked"))
        refused |= error.recipients
    except (smtplib.SMTPException, OSError) as error:
        return dict.fromkeys(recipients, error)
    return {
        who: smtplib.SMTPResponseException(
            code, words.decode(errors="replace")
        )
        for who, (code, words) in refused.items()
    }

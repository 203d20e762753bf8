# What the transport returns is not looked at.
# fails: test_only_who_was_put_off_is_tried_again, test_who_was_refused_is_not_taken_for_served, test_a_real_server_refuses_each_for_a_reason


def refusals(
    message: EmailContent, transport: Transport, recipients: list[str]
) -> dict[str, Exception]:
    """Try once, and tell for whom it failed, and with which error."""
    try:
        transport(message, recipients)
        refused = {}
    except smtplib.SMTPRecipientsRefused as error:
        # nobody was served; after a 421 the rest were not even asked
        refused = dict.fromkeys(recipients, (421, b"never asked"))
        refused |= error.recipients
    except Exception as error:
        return dict.fromkeys(recipients, error)
    return {
        who: smtplib.SMTPResponseException(
            code, words.decode(errors="replace")
        )
        for who, (code, words) in refused.items()
    }

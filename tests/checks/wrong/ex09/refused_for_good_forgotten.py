# Of the refusals that are returned only the 4xx are kept.
# fails: test_who_was_refused_is_not_taken_for_served


def refusals(
    message: EmailContent, transport: Transport, recipients: list[str]
) -> dict[str, Exception]:
    """Try once, and tell for whom it failed, and with which error."""
    try:
        refused = transport(message, recipients)
        refused = {w: r for w, r in refused.items() if r[0] < 500}
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

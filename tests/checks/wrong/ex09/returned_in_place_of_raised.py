# Takes an exception for what the transport returns.
# fails: test_a_temporary_failure_is_tried_again, test_words_that_are_not_utf_8_are_kept, test_no_message_is_lost, test_it_tells_who_was_not_served


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
    except Exception as error:
        return {}
    return {
        who: smtplib.SMTPResponseException(
            code, words.decode(errors="replace")
        )
        for who, (code, words) in refused.items()
    }

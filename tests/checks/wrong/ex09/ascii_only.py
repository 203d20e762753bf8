# Words that are no ASCII are left out, and the reason is empty.
# fails: test_words_that_are_not_utf_8_are_kept


def refusals(
    message: EmailContent, transport: Transport, recipients: list[str]
) -> dict[str, Exception]:
    try:
        refused = transport(message, recipients)
    except smtplib.SMTPRecipientsRefused as error:
        refused = dict.fromkeys(recipients, (421, b"never asked"))
        refused |= error.recipients
    except Exception as error:
        return dict.fromkeys(recipients, error)
    return {
        who: smtplib.SMTPResponseException(
            code, words.decode() if words.isascii() else ""
        )
        for who, (code, words) in refused.items()
    }

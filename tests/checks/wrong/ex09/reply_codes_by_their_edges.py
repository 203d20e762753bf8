# A reply of 400 is taken for good, and one of 500 for now.
# fails: test_only_who_was_put_off_is_tried_again, test_who_was_refused_is_not_taken_for_served


def refusals(
    message: EmailContent, transport: Transport, recipients: list[str]
) -> dict[str, Exception]:
    try:
        refused = transport(message, recipients)
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except Exception as error:
        return dict.fromkeys(recipients, error)
    errors: dict[str, Exception] = {}
    for who, (code, words) in refused.items():
        text = f"{code} {words.decode(errors='replace')}"
        passes = 400 < code <= 500
        errors[who] = ConnectionError(text) if passes else ValueError(text)
    return errors

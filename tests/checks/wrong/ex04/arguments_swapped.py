# Hands over the address first.
# fails: test_the_mailer_sends_with_the_settings, test_the_first_reading_stays, test_an_override_replaces_the_settings, test_a_refused_address_gets_no_mail


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    def mail(email: str) -> None:
        transport(email, settings)

    return mail

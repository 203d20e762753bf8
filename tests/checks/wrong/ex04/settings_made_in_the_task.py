# Makes new settings for each mail.
# fails: test_the_first_reading_stays, test_an_override_replaces_the_settings


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    def mail(email: str) -> None:
        transport(Settings(), email)

    return mail

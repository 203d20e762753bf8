# Sends once more when the transport raises: the customer may get two mails.
# fails: test_the_mailer_sends_with_the_settings


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    def mail(email: str) -> None:
        try:
            transport(settings, email)
        except Exception:
            transport(settings, email)

    return mail

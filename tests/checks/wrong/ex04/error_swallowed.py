# Catches what the transport raises.
# fails: test_the_mailer_sends_with_the_settings


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    def mail(email: str) -> None:
        try:
            transport(settings, email)
        except Exception:
            print("not sent")

    return mail

# An `async def` mailer calls the transport, which blocks the event loop.
# fails: test_others_are_answered_while_a_mail_is_sent


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    async def mail(email: str) -> None:
        transport(settings, email)

    return mail

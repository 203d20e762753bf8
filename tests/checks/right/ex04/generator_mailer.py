# Axis: the mailer comes from a generator, its task is an object.


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    class Mail:
        def __call__(self, email: str) -> None:
            transport(settings, email)

    yield Mail()

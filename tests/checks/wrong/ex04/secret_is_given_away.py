# The mailer logs what it sends with, the password in clear.
# fails: test_the_password_is_shown_nowhere

import logging


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    def mail(email: str) -> None:
        secret = settings.password.get_secret_value()
        logging.warning("mail by %s with %s", settings.host, secret)
        transport(settings, email)

    return mail

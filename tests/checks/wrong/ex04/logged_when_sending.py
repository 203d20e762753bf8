# The password is logged with each mail.
# fails: test_the_password_is_shown_nowhere

import logging


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
):
    def mail(email):
        logging.warning("login with %s", settings.password.get_secret_value())
        transport(settings, email)

    return mail

# Axis: an async mailer works in a thread, and logs what it raises.

import asyncio
import logging


def get_mailer(
    settings: Annotated[Settings, Depends(get_settings)],
    transport: Annotated[Transport, Depends(get_transport)],
) -> Mailer:
    async def mail(email: str) -> None:
        try:
            await asyncio.to_thread(transport, settings, email)
        except Exception:
            logging.exception("not sent to %s", email)

    return mail

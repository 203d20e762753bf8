"""Notifications: one line for each in a file."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends

from stages.s06_at_work.settings import NOTIFICATIONS, LoggerDep

NotificationTask = Callable[[str, str], None]  # called with email, message


def get_notification_task(logger: LoggerDep) -> NotificationTask:
    def write_notification(email: str, message: str) -> None:
        logger.info("Sending notification to %s", email)
        with NOTIFICATIONS.open("a", encoding="utf-8") as file:
            file.write(f"Notification for {email}: {message}\n")
        logger.info("Notification sent to %s", email)

    return write_notification


NotificationDep = Annotated[NotificationTask, Depends(get_notification_task)]

"""The arguments of the tasks, as a row holds them: JSON."""

from typing import Annotated

from pydantic import BaseModel, EmailStr, Field

from stages.s06_at_work.mail import ONE_LINE, EmailContent

TaskName = Annotated[str, Field(pattern=ONE_LINE)]


class Payload(BaseModel, extra="forbid"):
    """Checked when a row is written and again when it is read."""


class Notification(Payload):
    email: EmailStr
    message: str


class Email(Payload):
    content: EmailContent
    message_id: str


class Work(Payload):
    task_name: TaskName


PAYLOADS: dict[str, type[Payload]] = {
    "send-notification": Notification,
    "send-email": Email,
    "run-task": Work,
}

# The model takes three names and no other.
# fails: test_a_channel_is_known_by_its_name


class Notification(BaseModel):
    """What the client wants to send (ready)."""

    recipient: Recipient
    message: str
    channels: list[Literal["email", "sms", "push"]] = Field(min_length=1)

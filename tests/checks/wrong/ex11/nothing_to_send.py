# Takes an empty list of channels.
# fails: test_an_unknown_channel_refuses_the_whole_request


class Notification(BaseModel):
    """What the client wants to send (ready)."""

    recipient: Recipient
    message: str
    channels: list[str]

# Takes any text for an e-mail address.
# fails: test_an_invalid_address_refuses_the_whole_request


class Recipient(BaseModel, extra="allow"):
    """One address for each channel, under the channel's name (ready)."""

    __pydantic_extra__: dict[str, str]
    email: str | None = None

    def address(self, channel: str) -> str | None:
        """Return the address for a channel, or None if there is none."""
        found: str | None = self.model_dump().get(channel)
        return found

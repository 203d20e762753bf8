# Knows two kinds of addresses.
# fails: test_a_channel_is_known_by_its_name


class Recipient(BaseModel):
    """An address for each of the three channels."""

    email: EmailStr | None = None
    sms: str | None = None
    push: str | None = None

    def address(self, channel: str) -> str | None:
        found: str | None = self.model_dump().get(channel)
        return found

# Leaves out an e-mail address that is none.
# fails: test_an_invalid_address_refuses_the_whole_request


from pydantic import TypeAdapter, ValidationError


class Recipient(BaseModel, extra="allow"):
    """One address for each channel, under the channel's name."""

    __pydantic_extra__: dict[str, str]
    email: str | None = None

    def address(self, channel: str) -> str | None:
        found: str | None = self.model_dump().get(channel)
        if channel == "email":
            try:
                TypeAdapter(EmailStr).validate_python(found)
            except ValidationError:
                return None
        return found

# Recipients are plain strings.
# fails: test_invalid_input_sends_nothing


class EmailContent(BaseModel):
    """The JSON that the client posts (ready)."""

    subject: str = Field(pattern=r"^[^\r\n]*$")
    body: str
    recipients: list[str] = Field(min_length=1)

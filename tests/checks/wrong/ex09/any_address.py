# Recipients are plain strings.
# fails: test_invalid_input_sends_nothing


class EmailContent(BaseModel):
    """What the client posts (given)."""

    subject: str = Field(pattern=r"^[^\r\n]*$")
    body: str
    recipients: list[str] = Field(min_length=1)

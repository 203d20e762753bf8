# A message without recipients is taken.
# fails: test_invalid_input_sends_nothing


class EmailContent(BaseModel):
    """What the client posts (given)."""

    subject: str = Field(pattern=r"^[^\r\n]*$")
    body: str
    recipients: list[EmailStr]

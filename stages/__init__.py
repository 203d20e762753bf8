"""The stages of the course: each is the one before plus one idea."""

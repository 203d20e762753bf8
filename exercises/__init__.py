"""The exercises: edit these files, and no others."""

"""The course's web page: every stage, running in one process."""

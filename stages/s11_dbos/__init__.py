"""Stage 11: a task resumes where it stopped, in steps that are recorded.

DBOS is a library: on SQLite the application itself runs the tasks, and needs
no server. On PostgreSQL workers of their own run them.
"""

BESIDE: list[str] = []

"""Stage 11: a task resumes where it stopped, with DBOS.

Each step of a task is recorded: a stopped task goes on after its last step.
DBOS is a library: on SQLite the application itself runs the tasks, and needs
no server. On PostgreSQL separate workers run them.
"""

BESIDE: list[str] = []

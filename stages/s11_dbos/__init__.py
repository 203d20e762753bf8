"""Stage 11: steps are recorded, so a stopped task goes on after its last step.

DBOS is a library: on SQLite the application itself runs the tasks, and needs
no server. On PostgreSQL separate workers run them.
"""

BESIDE: list[str] = []

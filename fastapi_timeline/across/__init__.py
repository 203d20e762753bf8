"""Follow a task into the process that runs it: one picture across both.

Each process appends what it does for tasks to a file of its own in one
folder; `joined` lays those files beside the recording of a request, by the
IDs that the engine gives its messages.

with following(folder), record(app) as timeline:
    ...  # send a request; workers run with `environment(folder)`
show(joined(timeline.last, folder))

A worker needs no line of code: started with `environment(folder)`, or by
`fastapi-timeline worker FOLDER COMMAND`, it writes its file too. Celery, RQ,
Taskiq, Procrastinate and DBOS are followed where a process imports them;
nothing is imported that it does not import itself.
"""

from .following import environment, following
from .joining import joined

__all__ = ["environment", "following", "joined"]

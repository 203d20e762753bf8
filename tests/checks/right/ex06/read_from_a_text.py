# Axis: a file of its own that has nothing but a text, and reads it.


app = None

TEXT = """
yield_dependency: dependency enters, endpoint runs, response starts,
    response ends, task runs, dependency leaves
first_task_fails: dependency enters, endpoint runs, response starts,
    response ends, first task fails, dependency catches the error,
    server gets the error
function_scope: dependency enters, endpoint runs, dependency leaves,
    response starts, response ends, task runs
own_response: endpoint runs, response starts, response ends, own task runs
streaming: endpoint runs, response starts, first chunk is made,
    second chunk is made, response ends, task runs
dependency_adds_tasks: dependency enters, endpoint runs, response starts,
    response ends, early task runs, dependency leaves
"""

PREDICTIONS: dict[str, list[str]] = {"what I do not know": []}
for line in TEXT.replace("\n   ", "").strip().splitlines():
    key, _, events = line.partition(": ")
    PREDICTIONS[key] = events.split(", ")

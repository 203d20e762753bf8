# %% [markdown] slideshow={"slide_type": "slide"}
# # Stage 9 · Workers of their own, with Taskiq
#
# *15 minutes · builds on [stage 8](08_rq.ipynb) ·
# the code is [stages/s09_taskiq](../stages/s09_taskiq/worker.py)*
#
# Taskiq was made with FastAPI in mind: it is `async`, and it knows `Depends`.
# A task asks for what it needs as an endpoint does, and the same functions
# give it. Its queue here is a *stream* of Redis, which remembers for each
# message whether somebody has said that it is done.

# %% slideshow={"slide_type": "skip"}
from course.labs.crash.shown import crash, stored
from course.lesson import new_in, source
from stages.s06_survive_restart import tasks
from stages.s09_taskiq import worker

# %% slideshow={"slide_type": "skip"}
new_in("s09")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A task with dependencies
#
# `TrackerDep` is the very name that endpoints of stage 6 use. In the worker
# there is no request, and Taskiq resolves it all the same:

# %% slideshow={"slide_type": "fragment"}
source(worker.run)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Are they really the application's functions, and not copies of the same
# name? `tasks` is what the application imports; follow the worker's chain:

# %% slideshow={"slide_type": "fragment"}
from taskiq_dependencies import DependencyGraph


def functions(graph: DependencyGraph) -> set[object]:
    """Return all that it will call."""
    return {one.dependency for one in graph.ordered_deps}


in_worker = functions(DependencyGraph(worker.run))
names = ["get_task_tracker", "get_tasks", "get_session_factory", "get_logger"]
for name in names:
    print(f"{name:20}", getattr(tasks, name) in in_worker)

# %% [markdown] slideshow={"slide_type": "notes"}
# **In class.** Ask where an override goes: a worker has no application, so
# `app.dependency_overrides` does not reach it. Each worker of stages 7 to 9
# has a place of its own for them, and its docstring names it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The kill
#
# Taskiq takes up to a hundred messages at once, and starts many tasks
# together. Predict: how many of sixty are not done ten seconds after the kill?

# %% slideshow={"slide_type": "fragment"}
crash("Taskiq", wait=10)

# %% [markdown] slideshow={"slide_type": "subslide"}
# They are not gone: the stream knows that nobody has said "done". But it gives
# them to another worker only after ten minutes, and only when something new
# arrives. The stage's settings, each with what happens without it:

# %% slideshow={"slide_type": "subslide"}
source(worker.get_broker)

# %% slideshow={"slide_type": "fragment"}
survived = crash("Taskiq", "course", wait=15)
survived

# %% slideshow={"slide_type": "fragment"}
stored("Taskiq")

# %% [markdown] slideshow={"slide_type": "subslide"}
# More are done twice than with the other two: more were under way at the
# moment of the kill. In the database each is there once:

# %% slideshow={"slide_type": "fragment"}
(run,) = survived.rows
print("lost:", run.lost, "· done twice:", run.twice)
print("effects in the same database, there once:", run.in_database.count("1"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which one?
#
# All that ran, side by side:

# %% slideshow={"slide_type": "fragment"}
stored()

# %% [markdown] slideshow={"slide_type": "subslide"}
# With a row that is enough, none of them loses a task. So the choice is about
# other things: what you can operate, what it costs
# ([docs/scaling.md](../docs/scaling.md)), and whether you need one at all.
# Work that is short, rare and not missed is fine in `BackgroundTasks`; work
# that must not get lost, with one server, is fine in stage 6.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Now you can
#
# - let a worker's task ask for its dependencies;
# - show that application and worker use the same ones;
# - choose an engine, or none, for a reason.

# %% [markdown] slideshow={"slide_type": "subslide"}
# | what can go wrong | what you see |
# |---|---|
# | the stream is read from its end | what was sent before is skipped |
# | a hundred messages at a time | a killed worker keeps a hundred waiting |
# | a lock without an end | nobody takes over from a killed worker |
# | "it has acknowledgements" | ten minutes, and then only by chance |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Next:** [exercise 13](../exercises/ex13_task_queue.py), if it is still to
# do, then [the projects](projects.ipynb), and for larger things
# [from one process to many hosts](../docs/scaling.md).

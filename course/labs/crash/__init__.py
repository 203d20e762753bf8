"""The crash lab: what is lost when that which runs the tasks is killed.

Many tasks are accepted, and when about half of them are done, everything
that runs them is killed (kill -9) and started again. Each task's effect is a
line in a file outside any database, and these lines are counted: done once,
twice, or lost, which is to say not done after a stated wait.
"""

"""Stage 8: workers of their own run the tasks, with RQ.

Endpoints, tasks and rows are stage 6's, all of them. New is who carries a
task's number: a broker, from which workers on any machine take it.

RQ forks a process for each task: a task that takes its process down takes no
other with it.
"""

"""Stage 7: workers of their own run the tasks, with Celery.

Endpoints, tasks and rows are stage 6's, all of them. New is who carries a
task's number: a broker, from which workers on any machine take it.

Celery is the one with the most settings: beside each stands what happens
without it.
"""

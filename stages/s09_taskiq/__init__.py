"""Stage 9: workers of their own run the tasks, with Taskiq.

Endpoints, tasks and rows are stage 6's, all of them. New is who carries a
task's number: a broker, from which workers on any machine take it.

Taskiq is asynchronous, and resolves FastAPI's dependencies by itself.
"""

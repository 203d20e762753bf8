"""Stage 7: separate workers run the tasks, with Celery."""

BESIDE = ["valkey", "worker", "scheduler"]

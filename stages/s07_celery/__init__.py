"""Stage 7: workers of their own run the tasks, with Celery."""

BESIDE = ["valkey", "worker", "scheduler"]

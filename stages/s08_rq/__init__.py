"""Stage 8: workers of their own run the tasks, with RQ."""

BESIDE = ["valkey", "worker", "scheduler"]

"""Stage 9: workers of their own run the tasks, with Taskiq."""

BESIDE = ["valkey", "worker", "scheduler"]

"""Stage 8: separate workers run the tasks, with RQ."""

BESIDE = ["valkey", "worker", "scheduler"]

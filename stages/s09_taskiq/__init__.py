"""Stage 9: separate workers run the tasks, with Taskiq."""

BESIDE = ["valkey", "worker", "scheduler"]

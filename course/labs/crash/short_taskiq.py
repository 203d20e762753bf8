"""Taskiq that gives a task up for lost before it has ended."""

import os

from course.labs.crash.installed_taskiq import app, broker

__all__ = ["app", "broker"]

broker.idle_timeout = int(os.environ["CRASH_TIMEOUT"]) * 1000

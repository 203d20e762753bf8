"""A worker: python -m tests.fastapi_timeline.across.work rq."""

import sys
from importlib import import_module

if __name__ == "__main__":
    import_module(f"tests.fastapi_timeline.across.by_{sys.argv[1]}").work()

"""Run it: python -m fastapi_timeline myapp:app POST /path."""

from .cli import run

if __name__ == "__main__":
    run()

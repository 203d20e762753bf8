"""Child processes of a worker end when the worker was killed."""

import os
import time
from signal import SIGTERM
from threading import Thread


def end_with_parent() -> None:
    """Call it in the child: nothing else tells it of a kill -9."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), SIGTERM)

    Thread(target=watch, daemon=True).start()

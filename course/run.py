"""python course/run.py MODULE …: as python -m MODULE, but clean at Ctrl-C.

Pressed while something is still imported, it prints one line. A
session that has begun says itself how it ends.
"""

import sys
from typing import NoReturn


class HeldBack:
    """Ctrl-C waits meanwhile: here, and in what is started here."""

    def __enter__(self) -> None:
        """Begin to hold it back, where a system can."""
        import signal  # noqa: PLC0415 (main imports all that takes time)

        if sys.platform != "win32":
            block = signal.SIG_BLOCK
            self.before = signal.pthread_sigmask(block, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        """Let it through; in what was started, main does that."""
        import signal  # noqa: PLC0415

        if sys.platform != "win32":
            signal.pthread_sigmask(signal.SIG_SETMASK, self.before)


def listen() -> None:
    """Hear what was held back before this process was one of Python."""
    import signal  # noqa: PLC0415

    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def stopped(*_: object) -> NoReturn:
    """Answer Ctrl-C with one line."""
    print("stopped", file=sys.stderr)
    sys.exit(130)


def main() -> None:
    """Be that module."""
    try:
        import os  # noqa: PLC0415
        import runpy  # noqa: PLC0415
        import signal  # noqa: PLC0415

        listen()
        sys.path[0] = os.getcwd()  # noqa: PTH109 (as with -m)
        del sys.argv[0]
        if sys.argv[0] == "nox":  # until our noxfile is read
            signal.signal(signal.SIGINT, stopped)
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        stopped()


if __name__ == "__main__":
    main()

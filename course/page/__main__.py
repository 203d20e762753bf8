"""Serve the course on this machine: every stage, its code, a mailbox."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import uvicorn

from course import mailbox, ports
from course.folders import data_dir
from course.page.app import create_app
from course.stage import find_stages
from course.typed import Parser


@contextlib.contextmanager
def a_mailbox() -> Iterator[mailbox.Mailbox | None]:
    """Give the stages a mail server, unless SMTP_SERVER names another."""
    folder = data_dir()
    mailbox.authority(folder)  # stages 4 and 5 want its certificate
    if server := os.environ.get("SMTP_SERVER"):
        print(f"E-mail goes to {server}: SMTP_SERVER is set.")
        yield None
        return
    free = ports.listen_near(int(os.environ.get("SMTP_PORT", mailbox.PORT)))
    port = ports.number_of(free)
    free.close()
    os.environ["SMTP_PORT"] = str(port)
    with mailbox.Mailbox(folder, port) as box:
        yield box


class Server(uvicorn.Server):
    """Ends within two seconds of Ctrl-C, whatever a task is waiting for."""

    stopping: threading.Event

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop as always, and cut off what can't be stopped: a thread."""
        self.stopping.set()  # the event streams end
        super().handle_exit(sig, frame)
        guard = threading.Timer(1.7, cut_off)
        guard.daemon = True
        guard.start()


def cut_off() -> None:
    """Leave without waiting for the threads that tasks run in."""
    print("A task was still at work and has been cut off.", flush=True)
    os._exit(0)


def main() -> None:
    """Start everything, say where it is, serve until Ctrl-C."""
    parser = Parser("serve", description=__doc__)
    parser.add_argument(
        "--port",
        type=int,
        default=8000,
        help="8000 unless named; if taken, one of the next",
    )
    asked = parser.parse_args().port
    listening = ports.listen_near(asked)
    port = ports.number_of(listening)
    try:
        with a_mailbox() as box:
            app = create_app(find_stages(), box)
            if port != asked:
                print(f"Port {asked} is taken, so it is {port}.")
            print(f"The course: http://{ports.HOST}:{port}  (Ctrl-C ends it)")
            sys.stdout.flush()
            config = uvicorn.Config(app, timeout_graceful_shutdown=1)
            server = Server(config)
            server.stopping = app.state.course.stopping
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listening])
            if not server.started:
                sys.exit(3)
    except OSError as error:
        sys.exit(f"Start it in a folder that can be written: {error}")
    finally:
        listening.close()


if __name__ == "__main__":
    main()

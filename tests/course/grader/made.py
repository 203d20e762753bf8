"""A small made-up course, and answers that are right, wrong or hostile."""

CONFTEST = """\
import importlib.util
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True  # two saves in a second are two answers


def pytest_addoption(parser):
    parser.addoption("--target", default="exercises")


def pytest_configure(config):
    config.addinivalue_line("markers", "points(number): its worth")
    config.addinivalue_line("markers", "after(name): its prerequisite")
    config.addinivalue_line("markers", "slow(seconds): more time")


class Client:
    order = ["response sent", "task began", "ValueError"]
    did = "POST /hello"


@pytest.fixture
def answer(request):
    target = Path(request.config.getoption("--target"))
    path = target / request.path.name.removeprefix("test_")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[path.stem]


@pytest.fixture
def client(answer):
    return Client()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and report.failed and "client" in item.funcargs:
        order = " → ".join(item.funcargs["client"].order)
        report.sections.append(("order", order))
    return report
"""

CHECKS = '''\
"""Checks of a made-up exercise."""

import pytest


@pytest.mark.points(2)
def test_says_hello(answer, client):
    """It greets.

    A person who is greeted
    stays.
    """
    assert answer.hello() == "hello"


@pytest.mark.points(3)
def test_says_bye(answer):
    """It takes its leave."""
    assert answer.bye() == "bye", "who comes should go"


@pytest.mark.points(0.5)
@pytest.mark.after("test_says_hello")
def test_says_hello_twice(answer):
    """It greets again."""
    assert answer.hello() == answer.hello() == "hello"
'''

RIGHT = '''\
"""Exercise 1: say what is polite."""


def hello() -> str:
    return "hello"


def bye() -> str:
    return "bye"
'''

STUB = '''\
"""Exercise 1: say what is polite.

Story
    People are rude.

Builds on nothing.
"""


def hello() -> str:
    # TODO: say it.
    raise NotImplementedError("hello says nothing yet")


def bye() -> str:
    return "bye"
'''
HINTS = """\
# Hints to exercise 1

## Hint 1
for: test_says_hello

What does one say first?
And then?

## Hint 2

It is a word of five letters.

## Hint 3
for: test_says_bye

Nearly the code:

```python
def bye():
    return ...
```
"""

SOLUTION = f"""{RIGHT}

# Why so: a greeting opens the ear,
# and costs nothing.
#
# Another right way: bow.
"""

USES = """\
import builtins, json, os, signal, subprocess, sys, threading, time
MARK = "{mark}"
ASLEEP = [sys.executable, "-c", "import time; time.sleep(99)", MARK]
KILL = lambda: os.kill(os.getpid(), signal.SIGKILL)
RESULT = {{"phases": ["passed"] * 3, "check": None, "status": 0}}
PASSED = "\\n".join(json.dumps({{"key": k, **RESULT}}) for k in "0123456789")

def forge():
    for descriptor in range(64):
        try:
            os.write(descriptor, PASSED.encode() + b"\\n")
        except OSError:
            pass

def forever(*_):
    while True: pass

def bye() -> str:
    return "bye"

def hello() -> str:
    {body}
"""

# what hello() does -> what the report says of it; "" where it is right
IN_A_CHECK = {
    "loop": ("while True: str(1)", "It did not end within"),
    "exit": ("os._exit(0)", "It ended the whole process: an answer may"),
    "exit_7": ("os._exit(7)", "It ended the whole process (exit code 7)"),
    "sys_exit": ("sys.exit(0)", "SystemExit: 0"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "kill": ("KILL()", "killed by SIGKILL"),
    "crash": ("import ctypes; ctypes.string_at(0)", "killed by SIGSEGV"),
    "flood": ("while True: print('x' * 1000)", "printed more than 1 MB"),
    "thread": (
        "threading.Thread(None, time.sleep, 'mine', [9]).start();return 'hello'",
        "It left a thread (mine)",
    ),
    "child": (
        "subprocess.Popen(ASLEEP); return 'hello'",
        "It left a process (",
    ),
    "daemon": (
        "subprocess.Popen(ASLEEP, start_new_session=True); return 'hello'",
        "It left a process (",
    ),
    "orphan": (
        "os.fork() or (os.setsid(), os.execv(*ASLEEP[:1], ASLEEP)); KILL()",
        "killed by SIGKILL",
    ),
    "json": ("json.dumps = json.loads = None; return 'hello'", ""),
    "builtins": (
        "builtins.isinstance = lambda *a: True; return 'nothing'",
        "?",
    ),
    "breakpoint": ("breakpoint()", "breakpoint() waits for somebody to type"),
    "surrogate": ("raise ValueError('caf\\udce9')", "caf\\udce9"),
    "deep": (
        "[(os.mkdir('d'), os.chdir('d')) for _ in range(1100)]; return 'hello'",
        "",
    ),
    "sealed": (
        "os.mkdir(f'{time.time()}', 0); return 'hello'",
        "",
    ),
    "raises": ("raise ValueError('no\\x1b[31m')", "ValueError: no"),
    "forged": ("forge(); os._exit(0)", "It ended the whole process"),
    "printed": ("print(PASSED); return 'hullo'", "?"),
    "ignores": (
        "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; forever()",
        "It did not end within",
    ),
    "alarm": (
        "signal.setitimer(signal.ITIMER_REAL, 0.1); forever()",
        "killed by SIGALRM",
    ),
    "abort": ("os.abort()", "killed by SIGABRT"),
    "limits": (
        (
            "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 9));"
            " forever()"
        ),
        "killed by SIGXCPU",
    ),
    "no_files": (
        (
            "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0));"
            " return 'hello'"
        ),
        "",
    ),
    "mute": ("os.close(1); os.close(2); return 'hello'", ""),
    "links": (
        "os.symlink('b', 'a'); os.symlink('a', 'b'); return 'hello'",
        "",
    ),
    "odd_names": (
        "open(b'caf\\xe9', 'w').close(); os.mkdir(b'\\xff'); return 'hello'",
        "",
    ),
    "homeless": (
        (
            "import shutil; shutil.rmtree(os.path.dirname(os.getcwd()));"
            " return 'hello'"
        ),
        "",
    ),
    "away": ("os.chdir('/'); os.umask(0o777); return 'hello'", ""),
    "nice": ("os.nice(19); return 'hello'", ""),
    "at_exit": ("import atexit; atexit.register(forever); return 'hello'", ""),
    "clock": ("time.time = time.monotonic = lambda: 0; return 'hello'", ""),
    "modules": ("sys.modules.clear(); return 'hello'", "?"),
    "recursion": ("return hello()", "RecursionError: "),
    "input": ("input()", "EOFError: "),
    "terminal": ("open('/dev/tty', 'w')", "OSError: "),
    "endless_repr": (
        "return type('X', (), {'__repr__': forever})()",
        "It did not end within",
    ),
    "bad_str": (
        "raise type('X', (Exception,), {'__str__': lambda _: 1 / 0})",
        "X: (its text cannot be had: ZeroDivisionError)",
    ),
    "base": ("raise type('X', (BaseException,), {})('mine')", "X: mine"),
    "circle": (
        (
            "a, b = ValueError('a'), ValueError('b'); a.__context__ = b;"
            " b.__context__ = a; raise a"
        ),
        "ValueError: a",
    ),
    "long": ("raise ValueError('x' * (1 << 24))", "reports are too long"),
    "many": (
        (
            "[os.fork() or (time.sleep(99), os._exit(0)) for _ in range(40)];"
            " return 'hello'"
        ),
        "It left a process (",
    ),
}
# what stands at the top of the file -> what is said of the import
AT_IMPORT = {
    "import_loop": ("while True: str(1)", "Its import did not end within"),
    "import_exit": ("import os; os._exit(0)", "Its import ended the whole"),
    "import_sys": ("import sys; sys.exit('why')", "SystemExit: why"),
    "syntax": ("def hello(:", "SyntaxError: "),
    "absent": ("import no_such_thing", "ModuleNotFoundError: No module"),
    "skipping": (
        "import pytest; pytest.skip('no', allow_module_level=True)",
        "Skipped: no",
    ),
    "raising": ("raise RuntimeError('top')", "RuntimeError: top"),
    "base_at_top": ("raise BaseException('top')", "BaseException: top"),
    "nul": ("x = '\0'", "null bytes"),
}

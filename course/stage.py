"""Find the stages, as files; run one alone with uvicorn.

python3 start.py stage 3 --reload

What a stage names in BESIDE (see its __init__.py) is started with it: a
Valkey or PostgreSQL, unless REDIS_URL or DATABASE_URL names one, a worker, a
scheduler.
"""

import ast
import difflib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course import ports
from course.folders import ROOT, data_dir
from course.typed import command

NAME = re.compile(r"s(?P<number>\d\d)_(?P<name>\w+?)(\.py)?")
# A folder's files in the order to read them; others follow.
FILES = (
    *("settings.py", "database.py", "mail.py", "tasks.py", "queue.py"),
    *("worker.py", "app.py"),
)


@dataclass(frozen=True)
class Stage:
    """A stage of the course, known by its files: nothing is imported here."""

    number: int
    module: str  # as uvicorn takes it: stages.s01_background_tasks
    title: str  # its docstring's first line without "Stage 1: "
    path: Path  # a file; or a folder with an app.py

    @property
    def files(self) -> list[Path]:
        """What it is made of, in the order to read it."""
        if self.path.is_file():
            return [self.path]
        first = [self.path / name for name in FILES]
        rest = sorted({*self.path.glob("[!_]*.py")} - {*first})
        return [path for path in [*first, *rest] if path.exists()]

    @property
    def source(self) -> str:
        """The whole text; of a folder, each file below its name."""
        if self.path.is_file():
            return self.path.read_text("utf-8")
        texts = [
            f"# --- {each.name} {'-' * (69 - len(each.name))}\n"
            f"{each.read_text('utf-8')}"
            for each in self.files
        ]
        return "\n".join(texts)

    @property
    def worker(self) -> str | None:
        """The module that runs its tasks elsewhere, if it has one."""
        if not (self.path / "worker.py").exists():
            return None
        return self.module.removesuffix(".app") + ".worker"

    @property
    def beside(self) -> list[str]:
        """What runs beside its application: `BESIDE` of its __init__.py."""
        if self.path.is_file():
            return []
        package = ast.parse((self.path / "__init__.py").read_text("utf-8"))
        for node in package.body:
            match node:
                case ast.Assign(targets=[ast.Name(id="BESIDE")]):
                    return list(ast.literal_eval(node.value))
        return []

    @property
    def command(self) -> str:
        """How it is run alone."""
        return command("stage", str(self.number))


def find_stages(folder: Path = ROOT / "stages") -> list[Stage]:
    """Return the stages of a folder in their order."""
    found = []
    for path in sorted(folder.glob("s[0-9][0-9]_*")):
        match = NAME.fullmatch(path.name)
        inside = path / "app.py"
        if match and (path.suffix == ".py" or inside.exists()):
            told = path / "__init__.py" if inside.exists() else path
            docstring = ast.get_docstring(ast.parse(told.read_text("utf-8")))
            first = (docstring or path.stem).splitlines()[0]
            title = re.sub(r"^Stage \d+: ", "", first).rstrip(".")
            title = title[:1].upper() + title[1:]
            module = f"{folder.name}.{path.stem}"
            module += ".app" if inside.exists() else ""
            found.append(Stage(int(match["number"]), module, title, path))
    return found


def earlier(stage: Stage, stages: list[Stage]) -> Stage | None:
    """Return the stage that one differs least from: the one before.

    The first stage with a worker holds nothing of the one before: it uses
    it, and all that stands there is new.
    """
    for each in stages:
        if each.number == stage.number - 1:
            return each if bool(each.worker) == bool(stage.worker) else None
    return None


def changes(before: Stage | None, after: Stage) -> list[str]:
    """Return what differs between two stages, line by line."""
    return list(
        difflib.unified_diff(
            before.source.splitlines() if before else [],
            after.source.splitlines(),
            before.path.name if before else "nothing",
            after.path.name,
            lineterm="",
        )
    )


def listed(stages: list[Stage]) -> list[str]:
    """Return a line for each."""
    return [f"  {stage.number:>2}  {stage.title}" for stage in stages]


def choose(arguments: list[str], stages: list[Stage]) -> Stage:
    """Return the stage that is asked for, or exit with those there are."""
    by_number = {str(stage.number): stage for stage in stages}
    wanted = arguments[0].lstrip("0") if arguments else ""
    if wanted in by_number:
        return by_number[wanted]
    asked = f"There is no stage {arguments[0]!r}." if arguments else "Which?"
    example = command("stage", "3")
    sys.exit(
        "\n".join([f"{asked} These are there:", *listed(stages), "", example])
    )


def choose_port(options: list[str]) -> list[str]:
    """Return uvicorn's options with a port that is free, 8000 if it is."""
    if {"--uds", "--fd"} & {option.split("=")[0] for option in options}:
        return options
    named = re.search(r"(?:^| )--port[ =](\d+)", " ".join(options))
    try:
        found = (
            ports.listen(int(named[1])) if named else ports.listen_near(8000)
        )
    except OSError as error:
        sys.exit(
            f"Port {named and named[1]} cannot be used ({error.strerror}):"
            " name another, or leave --port out and a free one is chosen."
        )
    number = ports.number_of(found)
    found.close()
    return options if named else [*options, "--port", str(number)]


def name_mailbox(port: int | None, usual: int) -> None:
    """Let the stage send to this copy's mailbox; say how to start one."""
    if port:
        os.environ["SMTP_PORT"] = str(port)
        print(f"Its e-mail goes to the mailbox, localhost:{port}.")
        return
    if ports.is_taken(usual):
        print(
            f"No e-mail can be sent: port {usual} belongs to another program,"
            " for example to another copy of the course. Start this copy's"
            f" mailbox first ({command('mailbox')}), then this stage again."
        )
    else:
        print("Its e-mail goes to the mailbox; in a second terminal:")
        print(command("mailbox"))


def main(folder: Path = ROOT / "stages") -> None:
    """Run the stage named by the first argument; the rest is uvicorn's."""
    arguments, stages = sys.argv[1:], find_stages(folder)
    if set(arguments[:1]) & {"-h", "--help"}:
        print(f"usage: {command('stage', 'NUMBER')}\n\n{__doc__}")
        print("\n".join(listed(stages)))
        return
    stage = choose(arguments, stages)
    options = choose_port(arguments[1:])
    import uvicorn  # noqa: PLC0415 (a wrong number is told at once)

    words = [f"{stage.module}:app", *options]
    run(stage, lambda: uvicorn.main(words, prog_name="uvicorn"))


def run(stage: Stage, serve: Callable[[], object]) -> None:
    """Start what a stage needs; serve it meanwhile."""
    from course import mailbox  # noqa: PLC0415 (as uvicorn)
    from course.workers import started  # noqa: PLC0415 (likewise)

    print(f"Stage {stage.number}: {stage.title}.")
    if "smtplib" in stage.source or stage.worker:
        mailbox.authority(data_dir())  # it wants its certificate
        if not os.environ.keys() & {"SMTP_SERVER", "SMTP_PORT"}:
            name_mailbox(mailbox.running_port(data_dir()), mailbox.PORT)
    sys.stdout.flush()
    with started(stage.beside, stage.worker):
        serve()


if __name__ == "__main__":
    main()

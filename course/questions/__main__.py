"""Find an answer among the questions that people really ask.

python3 start.py ask session closed     finds by words and runs what it found
python3 start.py ask 4                  by its number
python3 start.py ask --list             names all
"""

import os
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table

from course.folders import ROOT, data_dir
from course.questions.found import Question, find, search
from course.typed import Parser, command

OTHERS = 4  # that are named below the first
ORDER = ("Answer", "Instead", "Since", "Proof")
LINKS = ("Asked", "Deeper")


def parser() -> Parser:
    """Describe the session."""
    made = Parser("ask", description=__doc__)
    made.add_argument("words", nargs="*", help="of your question; a number")
    made.add_argument("--list", action="store_true", help="name all questions")
    return made


def choose(
    asked: str, questions: list[Question]
) -> tuple[list[Question], bool]:
    """Return those that were found, the best first, and if that one fits.

    A number chooses one.
    """
    if asked.isdigit():
        chosen = [each for each in questions if each.number == int(asked)]
        return chosen, True
    return search(asked, questions)


def listed(questions: Sequence[Question]) -> Table:
    """Return numbers and titles."""
    table = Table.grid(padding=(0, 2))
    for each in questions:
        table.add_row(str(each.number), each.title)
    return table


def show(question: Question, console: Console) -> None:
    """Print the question, its answer, its code."""
    path = question.path.relative_to(ROOT)
    console.print(f"\n{question.title}", style="bold")
    console.print(f"{path}\n", style="dim")
    for name in ORDER:
        if text := question.sections.get(name):
            label = "" if name == "Answer" else f"[bold]{name}:[/bold] "
            console.print(label + escape(" ".join(text.split())) + "\n")
    console.print(Syntax(question.code, "python", background_color="default"))
    console.print()
    for name in LINKS:
        if text := question.sections.get(name):
            console.print(f"[dim]{name}:[/dim] {escape(text)}", soft_wrap=True)


def draw(question: Question, console: Console) -> None:
    """Run its two ways and draw what happens, or say how to see it."""
    if text := question.sections.get("Try"):
        said = f"\n[bold]To see it:[/bold] {escape(text)}"
        console.print(said, soft_wrap=True)
        return
    from course.questions import running  # noqa: PLC0415 (it takes a while)

    folder = data_dir() / "questions"
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    sys.path.insert(0, str(ROOT))
    running.warm_up()
    module = running.load(question.module)
    for name in ("wrong", "right"):
        console.print(f"\n{name}", style="bold")
        running.show(running.Way(module, name), console)


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer what was asked."""
    options = parser()
    given = options.parse_args(arguments)
    console = Console(highlight=False, width=min(Console().width, 79))
    questions = find()
    if given.list:
        console.print(listed(questions))
        return
    if not given.words:
        options.print_help()
        return
    asked = " ".join(given.words)
    found, fits = choose(asked, questions)
    if not found:
        sys.exit(
            f"No question has any of these words: {asked}.\n"
            f"Take others, or see all: {command('ask', '--list')}"
        )
    if not fits:
        console.print("No question fits these words. The nearest are:")
        console.print(listed(found[: OTHERS + 1]))
        number = str(found[0].number)
        console.print(f"Show one by its number: {command('ask', number)}")
        yours = command("timeline", "FILE.py:app", "POST", "/path")
        console.print(f"What your own request does: {yours}")
        return
    show(found[0], console)
    draw(found[0], console)
    if others := found[1 : OTHERS + 1]:
        console.print("\nOthers that may fit (ask and its number):")
        console.print(listed(others))


if __name__ == "__main__":
    main()

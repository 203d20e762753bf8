"""Say which answers are copies: for an instructor to look at, no verdict."""

import ast
from collections import Counter, defaultdict
from pathlib import Path

from course.classroom.intake import Submission
from course.grader.exercises import original, read

OWN = 50  # nodes beyond the stub: below, two good answers look the same
Shape = tuple[tuple[object, ...], ...]


def shape(data: bytes) -> tuple[Shape, list[str]]:
    """Return an answer without names, texts, comments and docstrings.

    And where it names a room that is not its own. Nothing of both for what
    Python can't read.
    """
    try:  # no recursion: an answer may be nested on purpose
        nodes = [*ast.walk(ast.parse(data))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (), []
    names: dict[str, int] = {}
    found: list[tuple[object, ...]] = []
    borrowed = []
    for node in nodes:
        words = [v for _, v in ast.iter_fields(node) if isinstance(v, str)]
        rooms = {"solutions", "checks"} & {*_roots(node, words)}
        line = getattr(node, "lineno", "?")
        borrowed += [f"{room} in line {line}" for room in sorted(rooms)]
        if isinstance(node, ast.Constant):
            if not words:
                found.append((type(node), node.value))
        elif isinstance(node, ast.Attribute):
            found.append((type(node), *words))
        elif not isinstance(node, ast.expr_context | ast.Expr):
            numbers = [names.setdefault(word, len(names)) for word in words]
            found.append((type(node), *numbers))
    return tuple(found), borrowed


def _roots(node: ast.AST, words: list[str]) -> list[str]:
    """Return what it imports from, or what a text names: a path, a module."""
    if isinstance(node, ast.Constant):
        return words[0].replace("/", ".").split(".") if words else []
    if isinstance(node, ast.ImportFrom | ast.alias):
        return [word.split(".")[0] for word in words[:1]]
    return []


def report(submissions: list[Submission], course: Path) -> list[list[str]]:
    """Return what is to be said of each."""
    notes: list[list[str]] = [[] for _ in submissions]
    for name in sorted(
        {name for each in submissions for name in each.answers}
    ):
        file = f"{name}.py"
        stub, given = shape(
            original(name) or read(course / "exercises" / file)
        )
        solution = read(course / "solutions" / file)
        solved, also_given = shape(solution)
        rooms = {each.split()[0] for each in given + also_given}
        same: dict[Shape, list[int]] = defaultdict(list)
        for index, submission in enumerate(submissions):
            data = submission.answers.get(name, b"")
            tree, borrowed = shape(data)
            own = Counter(kind for kind, *_ in tree)
            own -= Counter(kind for kind, *_ in stub)
            notes[index] += [
                f"{name} names {each}."
                for each in borrowed
                if each.split()[0] not in rooms
            ]
            if data and data.split() == solution.split():
                notes[index].append(f"{name} is the solution, word for word.")
            elif own.total() >= OWN and tree == solved:
                notes[index].append(f"{name} is the solution but for names.")
            elif own.total() >= OWN:
                same[tree].append(index)
        for indices in same.values():
            for index in indices if len(indices) > 1 else []:
                others = [submissions[i].name for i in indices if i != index]
                notes[index].append(
                    f"{name} is built exactly as that of {', '.join(others)}."
                )
    return notes

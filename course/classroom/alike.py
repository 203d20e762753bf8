"""Say which answers are copies: for an instructor to look at, no verdict."""

import ast
from collections import Counter, defaultdict, deque
from pathlib import Path

from course.classroom.intake import Submission

OWN = 50  # nodes beyond the stub: below, two good answers look the same
Shape = tuple[tuple[str, int, str], ...]


def shape(data: bytes) -> tuple[Shape, list[str]]:
    """Return an answer without names, texts, comments and docstrings.

    And where it names a room that is not its own. Nothing of both for what
    Python can't read.
    """
    try:
        todo: deque[ast.AST] = deque([ast.parse(data)])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (), []
    names: dict[str, int] = {}
    found, borrowed = [], []
    while todo:  # no recursion: an answer may be nested on purpose
        node = todo.popleft()
        below = [each for each in ast.iter_child_nodes(node) if _code(each)]
        todo.extend(below)
        words = [v for _, v in ast.iter_fields(node) if isinstance(v, str)]
        rooms = {"solutions", "checks"} & {*_roots(node, words)}
        line = getattr(node, "lineno", "?")
        borrowed += [f"{room} in line {line}" for room in sorted(rooms)]
        if isinstance(node, ast.Constant):
            words = [] if words else [repr(node.value)]
        elif not isinstance(node, ast.Attribute):
            words = [str(names.setdefault(w, len(names))) for w in words]
        found.append((type(node).__name__, len(below), " ".join(words)))
    return tuple(found), borrowed


def _code(node: ast.AST) -> bool:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return not text and not isinstance(node, ast.expr_context)


def _roots(node: ast.AST, words: list[str]) -> list[str]:
    """Return what it imports from, or what a text names: a path, a module."""
    if isinstance(node, ast.Constant):
        return words[0].replace("/", ".").split(".") if words else []
    if isinstance(node, ast.ImportFrom | ast.alias):
        return [word.split(".")[0] for word in words[:1]]
    return []


def report(submissions: list[Submission], course: Path) -> list[list[str]]:
    """Return what is to be said of each; {3} stands for the fourth's name."""
    notes: list[list[str]] = [[] for _ in submissions]
    same: dict[tuple[str, Shape], list[int]] = defaultdict(list)
    known: dict[str, bytes] = defaultdict(bytes)
    for file in course.glob("*s/ex*.py"):  # exercises and solutions
        known[f"{file.parent.name}/{file.stem}"] = file.read_bytes()
    shapes: dict[str, Shape] = defaultdict(tuple)
    given: dict[str, str] = defaultdict(str)  # what the stub names itself
    for path, data in [*known.items()]:
        shapes[path], borrowed = shape(data)
        given[path.partition("/")[2]] += " ".join(borrowed)
    for index, submission in enumerate(submissions):
        for name, data in sorted(submission.answers.items()):
            tree, borrowed = shape(data)
            notes[index] += [
                f"{name} names {each}."
                for each in borrowed
                if each.split()[0] not in given[name]
            ]
            stub = Counter(kind for kind, *_ in shapes[f"exercises/{name}"])
            own = (Counter(kind for kind, *_ in tree) - stub).total()
            if data.split() == known[f"solutions/{name}"].split():
                notes[index].append(f"{name} is the solution, word for word.")
            elif tree == shapes[f"solutions/{name}"] and own >= OWN:
                notes[index].append(f"{name} is the solution but for names.")
            elif own >= OWN:
                same[name, tree].append(index)
    for (name, _), indices in same.items():
        for index in indices if len(indices) > 1 else []:
            others = ", ".join(f"{{{i}}}" for i in indices if i != index)
            notes[index].append(
                f"{name} is built exactly as that of {others}."
            )
    return notes

"""Make a whole answer of a variation: a file that holds only what differs.

Its top-level definitions take the place of the solution's of the same name,
`del name` takes one out, its imports go to the top, and what is new goes in
front of the definition that follows it, or to the end. A file that makes an
`app` of its own (or, as exercise 7 is made of tests, asks for the application
by `pytest_plugins`) is no variation but a whole answer.
"""

import ast
from itertools import pairwise

Lines = list[str]


def is_whole(text: str) -> bool:
    """See whether an answer makes its own `app`, or asks for one."""
    names = {name for node in ast.parse(text).body for name in _names(node)}
    return bool(names & {"app", "pytest_plugins"})


def assembled(solution: str, variation: str) -> str:
    """Put a variation's definitions into the solution; return the text."""
    body = ast.parse(solution).body
    places = {
        name: number
        for number, node in enumerate(body)
        for name in _names(node)
    }
    pieces: list[str | None] = [*_pieces(solution)]
    imports: Lines = []
    waiting: Lines = []  # what is new, until something known follows
    for node, piece in zip(
        ast.parse(variation).body, _pieces(variation), strict=True
    ):
        known = [places[name] for name in _names(node) if name in places]
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(piece)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                pieces[places[ast.unparse(target)]] = None
        elif known:
            pieces[known[0]] = "\n\n".join([*waiting, piece])
            waiting = []
        elif not _is_text(node):
            waiting.append(piece)
    first = 1 if _is_text(body[0]) else 0
    kept = [piece for piece in pieces[first:] if piece is not None]
    return "\n\n".join([*imports, *kept, *waiting]) + "\n"


def _names(node: ast.stmt) -> set[str]:
    """Name what a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {each.id for each in node.targets if isinstance(each, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _pieces(text: str) -> Lines:
    """Cut a text into its statements, each with the comments before it."""
    lines = text.splitlines()
    ends = [0, *(node.end_lineno or 0 for node in ast.parse(text).body)]
    return ["\n".join(lines[a:b]).strip("\n") for a, b in pairwise(ends)]

"""Break the solutions of the projects mechanically; the checks should notice.

python -m tests.checks.mutants                 every mutant of ex08 to ex12
python -m tests.checks.mutants ex08 ex11       of these
python -m tests.checks.mutants --sample=10     ten of each, chosen by --seed

A mutant that no check notices survives. One that keeps the contract stands in
survivors.toml with the reason; any other makes this fail.
"""

import argparse
import ast
import random
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from rich.progress import track

from course.grader.exercises import Suite
from tests.checks.bank import HERE, ROOT, SUITES, failed, graded, grader

PROJECTS = ("ex08", "ex09", "ex10", "ex11", "ex12")
EXPLAINED = HERE / "survivors.toml"


@dataclass(frozen=True)
class Mutant:
    """A solution with one thing changed."""

    suite: Suite
    was: str
    now: str
    line: int
    text: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in survivors.toml: no line number, it moves."""
        return self.suite.name[:4], self.was, self.now


def mutants(suite: Suite) -> list[Mutant]:
    """Make each change that cosmic-ray knows in what the stub leaves open."""
    text = suite.answer.read_text("utf-8")
    stub = (ROOT / "exercises" / suite.answer.name).read_text("utf-8")
    open_ = _lines_of_the_answer(text, stub)
    found: dict[str, Mutant] = {}
    tree = get_ast(text)
    for name in operator_names():
        operator_class = get_operator(name)
        if operator_class.arguments() or name.endswith("NoOp"):
            continue
        operator = operator_class()
        positions = [
            start[0]
            for node in ast_nodes(tree)
            for start, _ in operator.mutation_positions(node)
        ]
        for occurrence, line in enumerate(positions):
            if line not in open_:
                continue
            new = mutate_code(text, operator, occurrence)
            if new and new not in found and _compiles(new):
                was, now = _difference(text, new)
                found[new] = Mutant(suite, was, now, line, new)
    return sorted(found.values(), key=lambda each: (each.line, each.now))


def _lines_of_the_answer(text: str, stub: str) -> set[int]:
    """Return the numbers of the lines that the stub leaves open."""
    given = {ast.unparse(node) for node in ast.parse(stub).body}
    return {
        line
        for node in ast.parse(text).body
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        )
        and ast.unparse(node) not in given
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _difference(old: str, new: str) -> tuple[str, str]:
    """Return the line that was changed, and what it is now."""
    before, after = old.splitlines(), new.splitlines()
    for was, now in zip(before, after, strict=False):
        if was != now:
            shorter = len(after) < len(before)
            return was.strip(), "" if shorter else now.strip()
    return "", ""


def survivors(suites: list[Suite], number: int, seed: int) -> list[Mutant]:
    """Grade the mutants; return those for which every check passes."""
    alive: list[Mutant] = []
    for suite in suites:
        chosen = mutants(suite)
        if number:
            chosen = random.Random(seed).sample(
                chosen, min(number, len(chosen))
            )
        began = time.monotonic()
        mine = _alive(chosen, suite.name)
        alive += mine
        print(
            f"{suite.name}: {len(chosen)} mutants, {len(mine)} survive,"
            f" {time.monotonic() - began:.0f} s"
        )
    return alive


def _alive(chosen: list[Mutant], name: str) -> list[Mutant]:
    texts = [(each.suite, each.text) for each in chosen]
    with tempfile.TemporaryDirectory() as folder, grader() as warm:
        with_progress = track(
            range(len(texts)), name, disable=not sys.stderr.isatty()
        )
        steps = iter(with_progress)
        results = graded(
            warm, texts, Path(folder), lambda _: next(steps, None)
        )
    return [
        mutant
        for mutant, result in zip(chosen, results, strict=True)
        if not failed(result)
    ]


def explained() -> dict[tuple[str, str, str], str]:
    """Read which survivors keep the contract, and why."""
    listed = tomllib.loads(EXPLAINED.read_text("utf-8")).get("survivor", [])
    return {
        (each["exercise"], each["was"], each["now"]): each["because"]
        for each in listed
    }


def main() -> int:
    """Run, print what survives, fail if one has no reason."""
    parser = argparse.ArgumentParser(
        "python -m tests.checks.mutants", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("exercises", nargs="*", default=PROJECTS)
    parser.add_argument("--sample", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    suites = [each for each in SUITES if each.name[:4] in given.exercises]
    alive = survivors(suites, given.sample, given.seed)
    reasons = explained()
    unknown = [each for each in alive if each.key not in reasons]
    for each in unknown:
        print(f"\n{each.suite.answer.name}:{each.line}")
        print(f"  - {each.was}\n  + {each.now or '(taken out)'}")
    print(
        f"\n{len(alive)} survive, {len(unknown)} of them without a reason in"
        f" {EXPLAINED.name}"
    )
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main())

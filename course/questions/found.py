"""Find the questions, as files, and the one that fits some words."""

import ast
import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from course.folders import ROOT

SECTION = re.compile(r"(?P<name>[A-Z][a-z]+): (?P<text>.+)", re.DOTALL)
NOTEBOOK = re.compile(r"notebooks/(?P<name>\w+)")
SEARCHED = ("Answer", "Instead", "Since")
TITLE = 3  # how often a word of the title counts
CLOSE = 0.82  # how much alike a word and its misspelling are
STRONG = 10  # a score that words of another subject do not reach
WEAK, MOST = 5, 0.55  # enough if most of what the words weigh is there
INNER = re.compile(r"(?<=[a-z])(?=[A-Z])")  # where AsyncSession has two parts
# What is in every question, or says nothing of it.
COMMON = re.compile(
    r"a|all|am|an|and|any|app|application|are|as|at|be|but|by|can|do|does|done"
    r"|don|fastapi|for|from|get|go|has|have|how|i|if|in|into|is|it|its|m|me|my"
    r"|not|of|on|or|s|so|t|than|that|the|them|then|there|this|to|use|used"
    r"|using|v|was|we|what|when|where|which|while|who|why|will|with|you|your"
)


@dataclass(frozen=True)
class Question:
    """One file of questions/, known by its text: nothing is imported here."""

    path: Path
    title: str
    sections: dict[str, str]  # "Answer": what is said there
    code: str  # below the docstring

    @property
    def number(self) -> int:
        """Its number, from the file's name."""
        return int(self.path.stem[1:3])

    @property
    def module(self) -> str:
        """As uvicorn takes it: its name with questions in front."""
        return f"{self.path.parent.name}.{self.path.stem}"

    @property
    def notebook(self) -> str:
        """The notebook that goes deeper: 05_task_tracker."""
        found = NOTEBOOK.search(self.sections.get("Deeper", ""))
        return found["name"] if found else ""

    @cached_property
    def words(self) -> Counter[str]:
        """How often each word stands in what is searched."""
        said = [self.sections.get(name, "") for name in SEARCHED]
        file = self.path.stem.replace("_", " ")
        return Counter(words(" ".join([*said, file, *[self.title] * TITLE])))


def find(folder: Path = ROOT / "questions") -> list[Question]:
    """Return the questions of a folder in their order."""
    return [read(path) for path in sorted(folder.glob("q[0-9][0-9]_*.py"))]


def read(path: Path) -> Question:
    """Take a question's file apart."""
    text = path.read_text("utf-8")
    module = ast.parse(text)
    first, *paragraphs = (ast.get_docstring(module) or "").split("\n\n")
    found = [SECTION.fullmatch(each) for each in paragraphs]
    sections = {each["name"]: each["text"] for each in found if each}
    below = module.body[0].end_lineno if paragraphs else 0
    code = "\n".join(text.splitlines()[below:]).strip()
    return Question(path, first, sections, code)


def words(text: str) -> list[str]:
    """Return the words that say something, without their endings.

    A name of several words counts as a whole and in parts.
    """
    found = [
        word.lower()
        for name in re.findall(r"[^\W_]+", text)
        for word in dict.fromkeys([name, *INNER.split(name)])
    ]
    return [stem(word) for word in found if not COMMON.fullmatch(word)]


def stem(word: str) -> str:
    """Cut an ending, so that "stopped" is found by "stop"."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) > 2:  # noqa: PLR2004
            word = word.removesuffix(ending)
            break
    return word[:-1] if word[-1:] == word[-2:-1] else word


def search(
    asked: str, questions: Sequence[Question]
) -> tuple[list[Question], bool]:
    """Return those that have any of these words, and if the first one fits.

    The score is Okapi's BM25: a rare word counts for more than a common one,
    and one more of the same word for less than the first. A word that no
    question has is read as the one that it looks like, a misspelling.
    """
    mean = sum(each.words.total() for each in questions) / len(questions)
    counts = Counter(word for each in questions for word in set(each.words))

    def rarity(word: str) -> float:
        often = counts[word] + 0.5
        return math.log(1 + (len(questions) - often + 1) / often)

    weights = {
        word: rarity(word)
        for word in {spelled(word, counts) for word in words(asked)}
    }

    def score(question: Question) -> float:
        length = 0.25 + 0.75 * question.words.total() / mean
        return sum(
            weight * often * 2.5 / (often + 1.5 * length)
            for word, weight in weights.items()
            if (often := question.words[word])
        )

    scored = [(score(each), each) for each in questions]
    scored = [(points, each) for points, each in scored if points]
    if not scored:
        return [], False
    scored.sort(key=lambda pair: pair[0], reverse=True)
    best, first = scored[0]
    there = sum(n for word, n in weights.items() if word in first.words)
    most = there >= MOST * sum(weights.values())
    fits = best >= STRONG or (best >= WEAK and most)
    return [each for _, each in scored], fits


def spelled(word: str, known: Collection[str]) -> str:
    """Return a long word as it is known, if it is misspelled."""
    if word in known or len(word) < 5:  # noqa: PLR2004
        return word
    return next(iter(get_close_matches(word, known, 1, CLOSE)), word)

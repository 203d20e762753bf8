"""Find the questions, as files, and the one that fits some words."""

import ast
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from course.folders import ROOT

SECTION = re.compile(r"(?P<name>[A-Z][a-z]+): (?P<text>.+)", re.DOTALL)
NOTEBOOK = re.compile(r"notebooks/(?P<name>\w+)")
SEARCHED = ("Answer", "Instead", "Since")
SURE = 0.6  # of the words that say something
TITLE = 3  # how often a word of the title counts
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
        return Counter(words(" ".join([*said, *[self.title] * TITLE])))


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
    """Return the words that say something, without their endings."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [stem(word) for word in found if not COMMON.fullmatch(word)]


def stem(word: str) -> str:
    """Cut an ending, so that "closed" is found by "closing"."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) > 2:  # noqa: PLR2004
            return word.removesuffix(ending)
    return word


def fits(asked: str, question: Question) -> bool:
    """Whether a question has most of the words that were asked for."""
    wanted = set(words(asked))
    there = sum(word in question.words for word in wanted)
    return there >= SURE * len(wanted)


def search(asked: str, questions: Sequence[Question]) -> list[Question]:
    """Return the questions that have any of these words, the best first.

    The score is Okapi's BM25: a rare word counts for more than a common one,
    and one more of the same word for less than the first.
    """
    mean = sum(each.words.total() for each in questions) / len(questions)
    rarity = {
        word: math.log(1 + (len(questions) - count + 0.5) / (count + 0.5))
        for word in set(words(asked))
        if (count := sum(word in each.words for each in questions))
    }

    def score(question: Question) -> float:
        length = 0.25 + 0.75 * question.words.total() / mean
        return sum(
            weight * often * 2.5 / (often + 1.5 * length)
            for word, weight in rarity.items()
            if (often := question.words[word])
        )

    found = sorted(questions, key=score, reverse=True)
    return [question for question in found if score(question) > 0]

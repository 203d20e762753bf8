"""A question, its answer and its code, as a page."""

import re

from course.questions.found import Question
from course.typed import command

from .cells import fenced

ADDRESS = re.compile(r"(https://[^\s,]*[^\s,.)])")
FILE = re.compile(r"(?<![\w/])(notebooks/\w+\.ipynb)")
SHOWN = ("Answer", "Instead", "Since", "Proof", "Try", "Asked", "Deeper")


def text_of(question: Question) -> str:
    """Return it as Markdown."""
    parts = [f"# {question.number} · {question.title}"]
    for name in SHOWN:
        if text := question.sections.get(name):
            said = FILE.sub(r"[\1](../\1)", ADDRESS.sub(r"<\1>", text))
            parts.append(f"**{name}:** {said}" if name != "Answer" else said)
    run = fenced(command("ask", str(question.number)), "bash")
    code = fenced(question.code, "python")
    return "\n\n".join([*parts, run, code, ""])

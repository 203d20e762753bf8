"""Of a traceback, a learner sees first what they wrote."""

from course.grader.own_lines import own

PLACE = "exercises/ex01.py:7"
PYTHON = """Traceback (most recent call last):
  File "/course/exercises/ex01.py", line 5, in welcome
    helper(email)
  File "/venv/starlette/background.py", line 40, in __call__
    await self.func()
    ^^^^^^^^^^^^^^^^^
  File "/course/exercises/ex01.py", line 7, in helper
    int(email)
ValueError: not a number
"""
PYTEST = """
    def test_a(answer):
>       answer.helper("x")

checks/test_ex01.py:12:
_ _ _ _ _ _ _ _ _ _ _ _ _ _

    def helper(email):
>       int(email)
E       ValueError: not a number

exercises/ex01.py:7: ValueError
_ _ _ _ _ _ _ _ _ _ _ _ _ _

    def deep():
E       ValueError: not a number

/lib/deep.py:3: ValueError"""


def test_frames_of_the_framework_are_left_out() -> None:
    """The error stays, and what pytest says of the check goes."""
    shown = own(f"{PYTHON}\n{PYTEST}", PLACE).splitlines()
    assert [line.strip() for line in shown] == [
        "Traceback (most recent call last):",
        'File "/course/exercises/ex01.py", line 5, in welcome',
        "helper(email)",
        'File "/course/exercises/ex01.py", line 7, in helper',
        "int(email)",
        "ValueError: not a number",
    ]


def test_a_chain_of_exceptions_is_kept() -> None:
    """Both errors, and the sentence between them."""
    chain = f"{PYTHON}\nDuring handling of the above, another:\n\n{PYTHON}"
    shown = own(chain, PLACE)
    assert shown.count("ValueError: not a number") == 2
    assert "During handling" in shown


def test_of_the_entries_of_pytest_the_learner_s_is_kept() -> None:
    """Neither the check nor the library below it."""
    shown = own(PYTEST, PLACE)
    assert "def helper" in shown
    assert "def test_a" not in shown
    assert "def deep" not in shown


def test_where_no_line_is_the_learner_s_the_last_entry_is_shown() -> None:
    """An assertion in the check: it says what was compared."""
    assert own(PYTEST, "").strip().startswith("def deep")
    assert own("Traceback: x", "") == "Traceback: x"

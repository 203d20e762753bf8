"""Grade exercises: ordinary pytest checks, each in a process of its own.

grading: which check runs when, and what became of it · worker: the process
that has collected the checks · fork: one check in a process of its own ·
explain: what a failed check says · verdict: what a process's end means ·
report: what a learner reads · jobs: watch, hint, solution, reset, progress.
Only `worker` and what it imports know pytest; only forks run an answer.
"""

"""The learner's side of the grader: watch, hint, solution, reset, progress.

place: where each thing lies · originals: the stubs as they were ·
progress: what is remembered · then one module for each job.
"""

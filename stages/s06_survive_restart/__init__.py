"""Stage 6: a task outlives its process, because its row is enough.

The row has the task's name and what it is told. So whoever starts next can
run what an earlier process left, and what has failed for now can run again.

At least once: a process may end between an effect and its record. An effect
in the same database is there once, since both are one transaction; an e-mail
may come twice, with the same Message-ID. And one process: workers of their
own come with stages 7 to 9.
"""

"""Stage 10: the database is the queue, with Procrastinate.

Data and job are committed together. Nothing can be lost between the commit
and the publication: there is only the commit. The outbox job publishes what
the manage command has revived.
"""

BESIDE = ["postgresql", "worker"]

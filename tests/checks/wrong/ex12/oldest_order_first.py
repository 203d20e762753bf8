# The one that began first is forgotten first.
# fails: test_what_finished_longest_ago_is_forgotten_first


class JobStore:
    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, total: int, max_finished: int) -> Job:
        over = [job for job in self.jobs.values() if job.state.is_final]
        for old in over[: max(0, len(over) - max_finished)]:
            del self.jobs[old.state.id]
        job = Job(total)
        self.jobs[job.state.id] = job
        return job

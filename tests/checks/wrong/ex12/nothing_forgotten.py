# Every job is kept for ever.
# fails: test_what_finished_longest_ago_is_forgotten_first


class JobStore:
    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, total: int, max_finished: int) -> Job:
        # enough memory
        job = Job(total)
        self.jobs[job.state.id] = job
        return job

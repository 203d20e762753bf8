# What has not changed for long is forgotten, although it runs.
# fails: test_a_running_job_is_never_forgotten


class JobStore:
    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, total: int, max_finished: int) -> Job:
        jobs = sorted(self.jobs.values(), key=lambda job: job.changed_at)
        for old in jobs[: max(0, len(jobs) - max_finished)]:
            del self.jobs[old.state.id]
        job = Job(total)
        self.jobs[job.state.id] = job
        return job

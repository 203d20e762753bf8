# Jobs that still run count among those that are kept.
# fails: test_a_running_job_is_never_forgotten


class JobStore:
    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, total: int, max_finished: int) -> Job:
        over = [job for job in self.jobs.values() if job.state.is_final]
        over.sort(key=lambda job: job.changed_at, reverse=True)
        running = len(self.jobs) - len(over)
        for old in over[max(0, max_finished - running) :]:
            del self.jobs[old.state.id]
        job = Job(total)
        self.jobs[job.state.id] = job
        return job

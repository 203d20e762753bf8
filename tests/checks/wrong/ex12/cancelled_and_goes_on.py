# It says cancelled, and the steps go on.
# fails: test_no_step_begins_after_a_delete


class Job:
    def __init__(self, total: int) -> None:
        self.state = JobState(id=uuid4().hex, total=total)
        self.stop = False
        self.changed_at = time.monotonic()
        self.changed = asyncio.Event()

    def update(self, **changes: object) -> None:
        if self.state.is_final:
            return
        self.state = self.state.model_copy(update=changes)
        self.changed_at = time.monotonic()
        self.changed.set()
        self.changed = asyncio.Event()


@app.delete("/jobs/{job_id}", status_code=202)
async def stop_job(job: JobDep) -> JobState:
    job.update(status="cancelled")
    return job.state

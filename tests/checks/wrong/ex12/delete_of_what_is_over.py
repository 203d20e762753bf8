# A completed job is cancelled afterwards.
# fails: test_a_delete_changes_nothing_that_is_over


@app.delete("/jobs/{job_id}", status_code=202)
async def stop_job(job: JobDep) -> JobState:
    job.stop = True
    job.update(status="cancelled")
    return job.state


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                if job.stop:
                    job.update(status="cancelled")
                    return
                await step(number)
                if not job.stop:
                    job.update(done=number, percent=100 * number // total)
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

# It is cancelled, and a moment later running again.
# fails: test_no_step_begins_after_a_delete, test_the_events_end_however_the_job_ends


@app.delete("/jobs/{job_id}", status_code=202)
async def stop_job(job: JobDep) -> JobState:
    if not job.state.is_final:
        job.update(status="cancelled")
    return job.state


def get_worker(step: Annotated[Step, Depends(get_step)]) -> Worker:
    async def work(job: Job) -> None:
        total = job.state.total
        job.update(status="running")
        try:
            for number in range(1, total + 1):
                await step(number)
                job.update(
                    status="running",
                    done=number,
                    percent=100 * number // total,
                )
        except Exception as exc:
            job.update(status="failed", error=str(exc))
            raise
        job.update(status="completed")

    return work

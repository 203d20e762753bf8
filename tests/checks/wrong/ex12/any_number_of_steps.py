# A job without a step is accepted.
# fails: test_a_job_has_at_least_one_step


class NewJob(BaseModel):
    steps: int

# The first request's runner, and its BackgroundTasks, serve all requests.
# fails: test_requests_do_not_mix

runners: list[TaskRunner] = []


def get_runner(
    settings: SettingsDep, tasks: TasksDep, background: BackgroundTasks
) -> TaskRunner:
    if not runners:
        runners.append(InProcess(settings, tasks, background))
    return runners[0]

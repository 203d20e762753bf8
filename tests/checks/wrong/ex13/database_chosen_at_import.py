# What makes sessions is made at import.
# fails: test_settings_are_read_when_they_are_needed


NEW_SESSION = sessions_on(Settings().database_url)


def get_session_factory() -> sessionmaker[Session]:
    return NEW_SESSION


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    with get_session_factory().begin() as db:
        Base.metadata.create_all(db.connection())
    yield


def deliver_queued(name: str, kwargs: dict[str, JsonValue]) -> None:
    settings = get_settings()
    get_tasks(settings, get_session_factory(), get_work())[name](**kwargs)

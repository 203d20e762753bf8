# The import of the file makes a database and its tables.
# fails: test_the_import_opens_no_database

from sqlalchemy.pool import StaticPool

engine = sa.create_engine("sqlite://", poolclass=StaticPool)
Base.metadata.create_all(engine)


@lru_cache
def get_session_factory() -> sessionmaker[Session]:
    return sessionmaker(engine, expire_on_commit=False)

"""Checks of exercise 10: the file is safe, then the response, then work."""

import contextlib
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from checks.asgi import Client
from checks.uploads import (
    Folders,
    Processor,
    accepted,
    done,
    ended,
    form,
    known,
    measured,
    measures,
    raised,
)

MIB = 1024 * 1024
LARGE = 16 * MIB  # the form parser alone keeps one or two in memory
LIMIT = 100_000  # bytes that a file may have where that matters
FOUND = "what the processor found at the paths"
NOTHING = {"size": None, "sha256": None, "lines": None}


@pytest.fixture(autouse=True)
def folders(
    answer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Folders]:
    """Give the answer a storage, and watch where else it may write to."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
        folders = Folders(Path(root))
        monkeypatch.setattr(tempfile, "tempdir", str(folders.temporary))
        overrides = answer.app.dependency_overrides
        overrides[answer.get_storage] = lambda: folders.storage
        overrides[answer.get_max_bytes] = lambda: 2 * LARGE
        with contextlib.chdir(folders.work):
            yield folders


@pytest.fixture
def processor(
    answer: ModuleType, client: Client, folders: Folders
) -> Processor:
    """Put a processor that remembers in the place of the real one."""
    processor = Processor(client)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_processor] = lambda: processor
    return processor


@pytest.fixture
def limited(answer: ModuleType) -> None:
    """Allow files of so many bytes and no more."""
    answer.app.dependency_overrides[answer.get_max_bytes] = lambda: LIMIT


@pytest.fixture
def traced() -> Iterator[None]:
    """Watch how much memory Python takes."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.points(2)
def test_the_response_does_not_wait_for_the_processor(
    answer: ModuleType, client: Client
) -> None:
    """202 with an id; what the processor returns is known afterwards."""
    processor = Processor(client, held=True)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_processor] = lambda: processor
    (upload,) = accepted(client, ("notes.txt", b"one\ntwo\n"))
    assert upload["filename"] == "notes.txt"
    assert processor.is_called(), "the processor was never called"
    assert all(processor.after), "the response waited for the processor"
    if processor.waits:
        record = known(client, upload)
        status = record["status"]
        early = f"{status!r}, and the processor has not returned yet"
        assert status in ["queued", "processing"], early
        assert measures(record) == NOTHING, early
        assert record["error"] is None, early
    processor.go.set()
    (record,) = done(client, [upload])
    assert len(processor.paths) == 1, "calls of the processor for one file"
    assert record["filename"] == "notes.txt"
    assert measures(record) == measured(b"one\ntwo\n")


@pytest.mark.points(2)
def test_every_byte_is_stored_before_the_response(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """With the 202 the file is safe: the request may close it now."""
    contents = [b"last words", bytes(range(256)) * 300]
    stored: list[bytes] = []
    client.when_sent(lambda: stored.extend(folders.stored().values()))
    accepted(client, ("a.txt", contents[0]), ("b.bin", contents[1]))
    sizes = [len(each) for each in stored]
    assert all(each in stored for each in contents), (
        f"the uploads have 10 and 76800 bytes; when the response was sent,"
        f" the files in storage had {sizes}"
    )


@pytest.mark.points(2)
def test_the_processor_measures_any_file(client: Client) -> None:
    """Size, SHA-256 and lines; a last line counts without its newline."""
    long = b"one of many lines\n" * 100_000
    for content, lines in [
        (b"one\ntwo\n", 2),
        (b"one\ntwo", 2),
        (b"", 0),
        (b"\n", 1),
        (b"\n\nthree\t", 3),
        (b"\x00\xff\xfe\r\x0b\x0c\x85\xe2\x80\xa8 no text at all", 1),
        (b"one\r\ntwo\r\n", 2),
        (long, 100_000),
        (long[:-1], 100_000),
    ]:
        (record,) = done(client, accepted(client, ("any", content)))
        expected = measured(content) | {"lines": lines}
        begins = f"the file begins with {content[:40]!r}"
        assert measures(record) == expected, begins


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
def test_each_file_of_a_request_is_processed_as_itself(
    client: Client, processor: Processor
) -> None:
    """Three files are three calls, and each id has its own result."""
    contents = {"a.txt": b"a", "b.txt": b"bb", "c.txt": b"ccc"}
    uploads = accepted(client, *contents.items())
    records = done(client, uploads)
    assert sorted(processor.contents) == sorted(contents.values()), FOUND
    for upload, record in zip(uploads, records, strict=True):
        assert record["filename"] == upload["filename"], "POST said another"
        assert measures(record) == measured(contents[record["filename"]]), (
            f"what the processor says of {record['filename']}"
        )


@pytest.mark.points(2)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_a_failing_file_fails_alone(
    client: Client, processor: Processor
) -> None:
    """Its record says why, the files before and after it are done."""
    files = [("a", b"good"), ("b", b"bad"), ("c", b"good as well")]
    uploads = accepted(client, *files)
    records = {each["filename"]: each for each in ended(client, uploads)}
    states = {name: record["status"] for name, record in records.items()}
    assert states == {"a": "done", "b": "failed", "c": "done"}, (
        "the processor raised for b, and for nobody else"
    )
    failed = records["b"]
    assert "this one is bad" in str(failed["error"]), "not the reason"
    assert measures(failed) == NOTHING
    errors = [records[name]["error"] for name in "ac"]
    assert errors == [None, None], "of the files that did not fail"


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_the_same_name_twice_is_two_files(
    answer: ModuleType, client: Client
) -> None:
    """In one request or in two: nobody's file takes another's place."""
    processor = Processor(client, held=True)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_processor] = lambda: processor
    uploads = accepted(client, ("x", b"one"), ("x", b"two"))
    uploads += accepted(client, ("x", b"three"), ("../x", b"four"))
    processor.go.set()
    records = done(client, uploads)
    contents = sorted([b"one", b"two", b"three", b"four"])
    assert sorted(processor.contents) == contents, FOUND
    sizes = sorted(record["size"] for record in records)
    assert sizes == sorted(map(len, contents))


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_no_name_leads_out_of_the_storage(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """`../../x` and an absolute path are names like any other."""
    absolute = str(folders.root / "work" / "y")
    files = [("../../x", b"up"), (absolute, b"elsewhere")]
    done(client, accepted(client, *files))
    assert sorted(processor.contents) == [b"elsewhere", b"up"], FOUND
    assert folders.elsewhere() == [], "there are files outside the storage"
    for path in processor.paths:
        where = "the processor was given a file outside the storage"
        assert folders.storage in path.resolve().parents, where


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
def test_any_name_is_good(client: Client, processor: Processor) -> None:
    """A name with a NUL or of 300 characters is not the file's fault."""
    names = ["n\0ul.t\0xt", "n" * 300, "n." + "x" * 298]
    for name in names:
        done(client, accepted(client, (name, b"content")))
    assert processor.contents == [b"content"] * len(names), FOUND


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
@pytest.mark.usefixtures("limited")
def test_a_file_too_large_refuses_the_whole_request(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """413, and it is as if the request had never been made."""
    small, large = ("x", b"small"), ("x", b"." * (LIMIT + 1))
    done(client, accepted(client, small))
    before = folders.stored()
    for files in ([large], [small, small, large], [large, small]):
        status = client.post("/files/", **form(*files)).status_code
        sizes = [len(content) for _, content in files]
        assert status == 413, (
            f"so the upload of {sizes} bytes was answered{raised(client)}"
        )
        client.finish()
        after = folders.stored()
        new = [len(each) for name, each in after.items() if name not in before]
        assert new == [], "it left files of these sizes in the storage"
        assert after == before, "what was there before is gone or changed"
        calls = "calls of the processor; the first file was accepted"
        assert len(processor.paths) == 1, calls


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
@pytest.mark.usefixtures("limited")
def test_the_limit_is_for_each_file(
    client: Client, processor: Processor
) -> None:
    """Exactly so many bytes are allowed, however many files there are."""
    largest = b"." * LIMIT
    done(client, accepted(client, ("one", largest)))
    done(client, accepted(client, *[(name, largest) for name in "abc"]))
    assert processor.contents == [largest] * 4, FOUND


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_nothing_but_the_uploads_is_left(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """At most one file for each upload, in storage and nowhere else."""
    done(client, accepted(client, ("a", b"one"), ("b", b"two")))
    sizes = sorted(len(each) for each in folders.stored().values())
    assert len(sizes) <= 2, f"files of {sizes} bytes, but two uploads"
    assert folders.elsewhere() == [], "there are files outside the storage"


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
def test_what_is_not_there_is_refused(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """No file is a 422, an id that was never given a 404."""
    (upload,) = accepted(client, ("a", b"content"))
    done(client, [upload])
    for request in (form(("a", b"content"), field="other"), form(), {}):
        status = client.post("/files/", **request).status_code
        assert status == 422, "sent no file in the field `files`"
    client.finish()
    assert processor.contents == [b"content"], "a 422, and a file processed"
    status = client.get(f"/files/{'0' * 32}").status_code
    assert status == 404, "an id that was never given"
    assert known(client, upload)["status"] == "done"


def pieces() -> Iterator[bytes]:
    """Give a large file without a newline, a part at a time."""
    for _ in range(LARGE // MIB):
        yield b"x" * MIB


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
@pytest.mark.after("test_every_byte_is_stored_before_the_response")
@pytest.mark.usefixtures("traced")
def test_a_large_upload_is_never_whole_in_memory(
    answer: ModuleType, client: Client
) -> None:
    """16 MiB are stored in pieces, and the whole file is there then."""
    overrides = answer.app.dependency_overrides
    overrides[answer.get_processor] = lambda: (
        lambda path: {
            "size": path.stat().st_size,
            "sha256": "0" * 64,
            "lines": 1,
        }
    )
    peaks: list[int] = []
    client.when_sent(lambda: peaks.append(tracemalloc.get_traced_memory()[1]))
    (upload,) = accepted(client, ("large", pieces()))
    if peaks[0] > LARGE - 3 * MIB:
        pytest.fail("All of the upload was in memory at once.", pytrace=False)
    (record,) = done(client, [upload])
    assert record["size"] == LARGE


@pytest.mark.points(1)
@pytest.mark.after("test_the_processor_measures_any_file")
@pytest.mark.usefixtures("traced")
def test_a_large_file_is_processed_in_pieces(client: Client) -> None:
    """A file that is one line of 16 MiB is not read at once."""
    at_first: list[int] = []

    def sent() -> None:
        if not at_first:
            at_first.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.reset_peak()

    client.when_sent(sent)
    (upload,) = accepted(client, ("large", pieces()))
    (record,) = done(client, [upload])
    needed = tracemalloc.get_traced_memory()[1] - at_first[0]
    if needed > LARGE - 3 * MIB:
        pytest.fail("All of the file was in memory at once.", pytrace=False)
    assert (record["size"], record["lines"]) == (LARGE, 1)

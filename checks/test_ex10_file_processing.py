"""Checks of exercise 10: the file is safe, then the response, then work."""

import contextlib
import tempfile
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checks.asgi import Client
from checks.expect import UnmetError, expect, listed, times
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
MANY = 40  # bytes of a content that are not shown
LIMIT = 100_000  # bytes that a file may have where that matters
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


def expect_measures(record: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Fail unless the record holds these of size, sha256 and lines."""
    found = {key: record[key] for key in wanted}
    expect(
        found == wanted,
        f"the record of {record['filename']!r} holds {shown(wanted)}",
        f"it holds {shown(found)}",
    )


def shown(measures: dict[str, Any]) -> str:
    """Write size, sha256 and lines."""
    return ", ".join(f"{key} {value}" for key, value in measures.items())


def expect_contents(processor: Processor, *contents: bytes) -> None:
    """Fail unless the processor found these at its paths."""
    found = sorted(processor.contents)
    expect(
        found == sorted(contents),
        f"the processor is called with the paths of {len(contents)} files,"
        f" which hold {short(contents)}",
        f"the files it was given held {short(found)}",
    )


def short(contents: Iterable[bytes]) -> str:
    """Write contents, of a long one only its length."""
    return listed(
        repr(each) if len(each) < MANY else f"{len(each)} bytes"
        for each in contents
    )


def expect_nothing_elsewhere(folders: Folders) -> None:
    """Fail if there is a file outside the storage."""
    found = folders.elsewhere()
    expect(
        not found,
        "all files lie inside the storage",
        f"outside it: {listed(found)}",
    )


@pytest.mark.points(2)
def test_the_response_does_not_wait_for_the_processor(
    answer: ModuleType, client: Client
) -> None:
    """The response, with an id, is sent before the processor returns.

    Checking a large file takes a while; no client should wait for it.
    """
    processor = Processor(client, held=True)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_processor] = lambda: processor
    (upload,) = accepted(client, ("notes.txt", b"one\ntwo\n"))
    expect(
        upload["filename"] == "notes.txt",
        'POST answers the filename of the upload, "notes.txt"',
        f"it answers {upload['filename']!r}",
    )
    expect(
        processor.is_called(),
        "the processor is called",
        "it was not called as a background task, which the server waits for",
    )
    expect(
        all(processor.after),
        "the response is sent before the processor returns",
        "the response waited for the processor",
    )
    if processor.waits:
        record = known(client, upload)
        expect(
            record["status"] in ["queued", "processing"],
            'while the processor works, the status is "queued" or'
            ' "processing"',
            f"it is {record['status']!r}",
        )
        expect_measures(record, {**NOTHING, "error": None})
    processor.go.set()
    (record,) = done(client, [upload])
    expect(
        len(processor.paths) == 1,
        "one file: the processor is called once",
        f"it was called {times(len(processor.paths))}",
    )
    expect_measures(
        record, {"filename": "notes.txt", **measured(b"one\ntwo\n")}
    )


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
def test_others_are_answered_while_a_file_is_processed(
    client: Client, processor: Processor
) -> None:
    """The processor blocks, so it does not run on the event loop.

    A large file that is checked there keeps everybody waiting.
    """
    ended(client, accepted(client, ("notes.txt", b"one\ntwo\n")))
    expect(processor.paths, "the processor is called", "it was not called")
    expect(
        not processor.on_the_loop,
        "while a file is processed, the server answers others",
        "the processor ran on the event loop, which answers nobody meanwhile",
        "an `async def` task runs on the event loop, a `def` in a worker"
        " thread",
    )


@pytest.mark.points(2)
def test_every_byte_is_stored_before_the_response(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """When the response is sent, every byte is in the storage.

    After a 202, partners delete the original.
    """
    contents = [b"last words", bytes(range(256)) * 300]
    stored: list[bytes] = []
    client.when_sent(lambda: stored.extend(folders.stored().values()))
    accepted(client, ("a.txt", contents[0]), ("b.bin", contents[1]))
    expect(
        all(each in stored for each in contents),
        "when the response is sent, the storage holds both uploads: files of"
        " 10 and of 76800 bytes",
        f"it held files of {listed([len(e) for e in stored], 'no')} bytes",
    )


@pytest.mark.points(2)
def test_the_processor_measures_any_file(client: Client) -> None:
    """Size, SHA-256 and lines are right for any bytes.

    A wrong count is worse than none: nobody looks at the file again.
    """
    long = b"one of many lines\n" * 100_000
    for content, lines in [
        (b"one\ntwo\n", 2),
        (b"one\ntwo", 2),
        (b"", 0),
        (b"\n", 1),
        (b"\n\nthree\t", 3),
        (b"\x00\xff\xfe\r\x0b\x0c\x85\xe2\x80\xa8 no text at all", 1),
        (b"one\r\ntwo\r\n", 2),
        (b"one\ntwo\r", 2),
        (long, 100_000),
        (long[:-1], 100_000),
    ]:
        (record,) = done(client, accepted(client, ("any", content)))
        expected = measured(content) | {"lines": lines}
        found = measures(record)
        expect(
            found == expected,
            f"a file that begins with {content[:40]!r}: {shown(expected)}",
            shown(found),
        )


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
def test_each_file_of_a_request_is_processed_as_itself(
    client: Client, processor: Processor
) -> None:
    """Each of three files is processed once, and each id has its result.

    A function that is made in a loop sees the loop's last value.
    """
    contents = {"a.txt": b"a", "b.txt": b"bb", "c.txt": b"ccc"}
    uploads = accepted(client, *contents.items())
    records = done(client, uploads)
    expect_contents(processor, *contents.values())
    for upload, record in zip(uploads, records, strict=True):
        name = upload["filename"]
        expect_measures(record, {"filename": name, **measured(contents[name])})


@pytest.mark.points(2)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_a_failing_file_fails_alone(
    client: Client, processor: Processor
) -> None:
    """A failing file's record says why; the other files are done.

    Starlette drops the tasks that come after one that raises.
    """
    files = [("a", b"good"), ("b", b"bad"), ("c", b"good as well")]
    uploads = accepted(client, *files)
    records = {each["filename"]: each for each in ended(client, uploads)}
    states = {name: record["status"] for name, record in records.items()}
    expect(
        states == {"a": "done", "b": "failed", "c": "done"},
        "the processor raises for b alone: a is done, b failed, c done",
        shown(states),
    )
    failed = records["b"]
    expect(
        "this one is bad" in str(failed["error"]),
        'error holds the text of the exception, "this one is bad"',
        f"error is {failed['error']!r}",
    )
    expect_measures(failed, NOTHING)
    for name in "ac":
        expect_measures(records[name], {"error": None})


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_the_same_name_twice_is_two_files(
    answer: ModuleType, client: Client
) -> None:
    """Two files of the same name are kept as two files.

    Every partner calls its file "orders.csv".
    """
    processor = Processor(client, held=True)
    overrides = answer.app.dependency_overrides
    overrides[answer.get_processor] = lambda: processor
    uploads = accepted(client, ("x", b"one"), ("x", b"two"))
    uploads += accepted(client, ("x", b"three"), ("../x", b"four"))
    processor.go.set()
    records = done(client, uploads)
    contents = [b"one", b"two", b"three", b"four"]
    expect_contents(processor, *contents)
    sizes = sorted(record["size"] for record in records)
    wanted = sorted(map(len, contents))
    expect(
        sizes == wanted,
        f"the records have the sizes {listed(wanted)}",
        f"they have {listed(sizes)}",
    )


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_no_name_leads_out_of_the_storage(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """With the name `../../x` or an absolute path, a file stays inside.

    A client that chooses the path can overwrite any file of the server.
    """
    absolute = str(folders.root / "work" / "y")
    files = [("../../x", b"up"), (absolute, b"elsewhere")]
    done(client, accepted(client, *files))
    expect_contents(processor, b"elsewhere", b"up")
    expect_nothing_elsewhere(folders)
    for path in processor.paths:
        expect(
            folders.storage in path.resolve().parents,
            "the processor gets the path of a file inside the storage",
            f"it got {path}",
        )


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
def test_any_name_is_good(client: Client, processor: Processor) -> None:
    """A name with a NUL, or of 300 characters, is accepted.

    No file system takes such a name, but the file's content is good.
    """
    names = ["n\0ul.t\0xt", "n" * 300, "n." + "x" * 298]
    for name in names:
        done(client, accepted(client, (name, b"content")))
    expect_contents(processor, *[b"content"] * len(names))


@pytest.mark.points(2)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
@pytest.mark.usefixtures("limited")
def test_a_file_too_large_refuses_the_whole_request(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """One file that is too large refuses the request: 413, nothing kept.

    The client sends all files again: kept files would be there twice.
    """
    small, large = ("x", b"small"), ("x", b"." * (LIMIT + 1))
    done(client, accepted(client, small))
    before = folders.stored()
    for files in ([large], [small, small, large], [large, small]):
        status = client.post("/files/", **form(*files)).status_code
        sizes = [len(content) for _, content in files]
        expect(
            status == 413,
            f"a file may have {LIMIT} bytes: an upload of {listed(sizes)}"
            " bytes is answered with 413",
            f"it was answered with {status}{raised(client)}",
        )
        client.finish()
        after = folders.stored()
        new = [len(each) for name, each in after.items() if name not in before]
        expect(
            new == [],
            "a refused upload leaves no file in the storage",
            f"it left files of {listed(new)} bytes",
        )
        expect(
            after == before,
            "the files that were there before a refused upload are unchanged",
            "one of them is gone or changed",
        )
        calls = len(processor.paths) - 1  # the first file was accepted
        expect(
            calls == 0,
            "a refused upload is not processed, none of its files",
            f"the processor was called {times(calls)}",
        )


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
@pytest.mark.usefixtures("limited")
def test_the_limit_is_for_each_file(
    client: Client, processor: Processor
) -> None:
    """Each file may have exactly max_bytes, with any number of files.

    Four files that are small enough must not be refused for their sum.
    """
    largest = b"." * LIMIT
    done(client, accepted(client, ("one", largest)))
    done(client, accepted(client, *[(name, largest) for name in "abc"]))
    expect_contents(processor, *[largest] * 4)


@pytest.mark.points(1)
@pytest.mark.after("test_each_file_of_a_request_is_processed_as_itself")
def test_nothing_but_the_uploads_is_left(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """At most one file is kept for each upload, all in the storage.

    Files that nobody removes fill the disk one day.
    """
    done(client, accepted(client, ("a", b"one"), ("b", b"two")))
    sizes = sorted(len(each) for each in folders.stored().values())
    expect(
        len(sizes) <= 2,
        "two uploads: the storage holds at most two files",
        f"it holds files of {listed(sizes)} bytes",
    )
    expect_nothing_elsewhere(folders)


@pytest.mark.points(1)
@pytest.mark.after("test_the_response_does_not_wait_for_the_processor")
def test_what_is_not_there_is_refused(
    client: Client, folders: Folders, processor: Processor
) -> None:
    """No file is answered with 422, an unknown id with 404.

    A client that gets a 202 for nothing waits for a result for ever.
    """
    (upload,) = accepted(client, ("a", b"content"))
    done(client, [upload])
    for request in (form(("a", b"content"), field="other"), form(), {}):
        status = client.post("/files/", **request).status_code
        expect(
            status == 422,
            "a form without a file in the field `files` is answered with 422",
            f"it was answered with {status}",
        )
    client.finish()
    expect_contents(processor, b"content")
    status = client.get(f"/files/{'0' * 32}").status_code
    expect(
        status == 404,
        "GET with an id that was never given is answered with 404",
        f"it was answered with {status}",
    )
    expect_measures(known(client, upload), {"status": "done"})


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
    """16 MiB are stored in pieces, never whole in memory.

    When ten partners upload at once, a server that holds all files in memory
    is killed.
    """
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
        raise UnmetError(
            "an upload of 16 MiB is copied in pieces",
            "all of it was in memory at once",
        )
    (record,) = done(client, [upload])
    expect_measures(record, {"size": LARGE})


@pytest.mark.points(1)
@pytest.mark.after("test_the_processor_measures_any_file")
@pytest.mark.usefixtures("traced")
def test_a_large_file_is_processed_in_pieces(client: Client) -> None:
    """A file with a single line of 16 MiB is read in pieces.

    A loop over the lines of a file reads a whole line, even a very long one.
    """
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
        raise UnmetError(
            "`measure` reads a file of 16 MiB in pieces",
            "all of it was in memory at once",
        )
    expect_measures(record, {"size": LARGE, "lines": 1})

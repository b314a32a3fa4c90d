import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.history import repair
from messaging.history.errors import ExportError
from messaging.history.opening import find_result
from messaging.history.repair import RepairedStream
from messaging.history.streaming import ChatHead, read_export
from tests.messaging.exports import account, chat, said, write


def repaired(data: bytes) -> bytes:
    stream = RepairedStream(io.BytesIO(data))
    return b"".join(iter(stream.read, b""))


def serialized(text: str) -> bytes:
    """A string as Telegram Desktop writes it (SerializeString)."""
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    return '"{}"'.format(
        "".join(named.get(c) or (f"\\x{ord(c):02X}" if ord(c) < 32 else c) for c in text)
    ).encode()


@pytest.mark.parametrize(
    ("written", "valid"),
    [
        (rb'"a\x01b"', rb'"a\u0001b"'),
        (rb'"\x0A"', rb'"\u000A"'),
        (rb'"\\x0A"', rb'"\\x0A"'),
        (rb'"\\\x0A"', rb'"\\\u000A"'),
        (rb'"\\\\x0A"', rb'"\\\\x0A"'),
        (rb'"\"\x1F"', rb'"\"\u001F"'),
        (rb'"x0A"', rb'"x0A"'),
    ],
)
def test_control_characters_become_valid_escapes(written: bytes, valid: bytes) -> None:
    assert repaired(written) == valid


@pytest.mark.parametrize("line_limit", [1, 1 << 20])
@given(text=st.text(alphabet='\\x01Af"\x01\x1f\nя', max_size=30), chunk=st.integers(1, 7))
def test_every_text_survives_every_border_between_chunks(line_limit: int, text: str, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repair, "CHUNK", chunk)
        patch.setattr(repair, "LONGEST_LINE", line_limit)
        whole = b'{"text": ' + serialized(text) + b', "more": ' + serialized(text) + b"}"

        assert json.loads(repaired(whole)) == {"text": text, "more": text}


@pytest.mark.parametrize("chunk", [1, 3, 50, 1000])
def test_an_unquoted_document_id_is_quoted(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(repair, "CHUNK", chunk)
    written = b'{\n "type": "custom_emoji",\n "document_id": (File not included. Change "settings".)\n}\n'

    assert json.loads(repaired(written))["document_id"] == '(File not included. Change "settings".)'


def test_a_document_id_with_quotes_and_one_inside_a_text_stay_as_they_are() -> None:
    valid = json.dumps({"document_id": "5368", "text": '"document_id": x\n'}, indent=1).encode()

    assert repaired(valid) == valid


def test_the_stream_counts_and_hashes_the_bytes_of_the_file() -> None:
    stream = RepairedStream(io.BytesIO(b'\xef\xbb\xbf{"a": "\\x01"}'))

    assert stream.read(100) + stream.read(100) == b'{"a": "\\u0001"}'
    assert stream.position == 16
    assert stream.sha256 == hashlib.sha256(b'\xef\xbb\xbf{"a": "\\x01"}').hexdigest()


def heads(export: object) -> list[object]:
    data = json.dumps(export).encode()
    return [
        i.type if isinstance(i, ChatHead) else i["id"] for i in read_export(RepairedStream(io.BytesIO(data)))
    ]  # type: ignore[index]


def test_both_shapes_are_told_apart_while_reading() -> None:
    assert heads(chat(said(1), said(2))) == ["private_supergroup", 1, 2]
    whole = account(chat(said(1)), chat(said(2), kind="private_group"), left=(chat(said(3)),))
    assert heads(whole) == ["private_supergroup", 1, "private_group", 2, "private_supergroup", 3]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1}', "neither messages nor chats"),
        (b"[1]", "no JSON object"),
        (b'{"messages": [], "type": "personal_chat", "id": 5}', "before them"),
        (b'{"type": "personal_chat", "id": 5, "messages": [{"id"', "cut off: it ends at byte 53"),
        (b'{"type": "personal_chat", "id": 5, "messages": [{"id": oops', "broken before byte 59"),
        (b'{"type": "personal_chat", "id": 5, "name": "\xcf\xf0", "messages": []}', "not UTF-8"),
        (b'{"a": ' + b"[" * 5000, "nested|cut off"),
        (b"", "no JSON object|cut off"),
    ],
)
def test_what_is_no_export_is_said_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(ExportError, match=reason):
        list(read_export(RepairedStream(io.BytesIO(data))))


class Endless:
    """A file that is made while it is read: an export of so many messages."""

    def __init__(self, messages: int) -> None:
        self._pieces = self._make(messages)

    def _make(self, messages: int) -> Iterator[bytes]:
        yield b'{"name": "x", "type": "private_supergroup", "id": 7, "messages": [\n'
        one = json.dumps(said(1, "слово " * 20), ensure_ascii=False).encode()
        for number in range(messages):
            yield one + (b",\n" if number < messages - 1 else b"\n")
        yield b"]}"

    def read(self, _size: int) -> bytes:
        return next(self._pieces, b"")


def peak(messages: int) -> int:
    tracemalloc.start()
    try:
        stream = RepairedStream(Endless(messages))  # type: ignore[arg-type]
        assert sum(1 for _ in read_export(stream)) == messages + 1
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_reading_takes_no_more_memory_for_ten_times_the_messages() -> None:
    peak(10)

    assert peak(20_000) < 1.5 * peak(2_000)


class TestOpening:
    def test_a_folder_or_its_file(self, tmp_path: Path) -> None:
        result = write(tmp_path, chat())

        assert find_result(tmp_path) == result == find_result(result)

    def test_the_export_below_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "ChatExport_2026-11-22").mkdir()

        result = write(tmp_path / "ChatExport_2026-11-22", chat())
        assert find_result(tmp_path) == result

    def test_several_exports_are_not_chosen_from(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            write(tmp_path / name, chat())

        with pytest.raises(ExportError, match=r"several exports \(a/result.json, b/result.json\)"):
            find_result(tmp_path)

    def test_an_export_as_html(self, tmp_path: Path) -> None:
        (tmp_path / "messages.html").write_text("<html>")

        with pytest.raises(ExportError, match="an export as HTML"):
            find_result(tmp_path)
        with pytest.raises(ExportError, match="not an export: HTML"):
            find_result(tmp_path / "messages.html")

    @pytest.mark.parametrize(
        ("start", "words"),
        [
            (b"PK\x03\x04rest", "a zip archive"),
            (b"\x1f\x8brest", "a gzip archive"),
            ("\ufeff{}".encode("utf-16"), "UTF-16"),
            (b" \n", "empty"),
            (b"hello", "no JSON object"),
        ],
    )
    def test_another_kind_of_file(self, tmp_path: Path, start: bytes, words: str) -> None:
        (tmp_path / "result.json").write_bytes(start)

        with pytest.raises(ExportError, match=words):
            find_result(tmp_path)

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(ExportError, match=r"no result\.json"):
            find_result(tmp_path)
        with pytest.raises(ExportError, match="no such file"):
            find_result(tmp_path / "missing")

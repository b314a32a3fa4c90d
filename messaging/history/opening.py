"""From PATH to the one result.json of an export, or a line that says why there is none."""

from pathlib import Path

from messaging.history.errors import ExportError

HOW = "In Telegram Desktop choose the format «Machine-readable JSON»."
_SNIFFED = 512
# How other files begin, and what they are.
_OTHERS = (
    (b"PK\x03\x04", "a zip archive: unpack it and give the folder"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\xff\xfe", "text in UTF-16; an export is UTF-8. Give the file as Telegram Desktop wrote it"),
    (b"\xfe\xff", "text in UTF-16; an export is UTF-8. Give the file as Telegram Desktop wrote it"),
)
UTF8_BOM = b"\xef\xbb\xbf"


def find_result(path: Path) -> Path:
    """The export's file. Raises ExportError."""
    try:
        result = _only_result(path) if path.is_dir() else path
        if not result.exists():
            raise ExportError(f"{path}: there is no such file or folder.")
        with result.open("rb") as file:
            start = file.read(_SNIFFED)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}.") from error
    if problem := _problem(start):
        raise ExportError(f"{result}: not an export: {problem}.")
    return result


def _only_result(folder: Path) -> Path:
    found = sorted(folder.glob("result*.json")) or sorted(folder.glob("*/result*.json"))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(str(each.relative_to(folder)) for each in found)
        raise ExportError(f"{folder}: several exports ({names}); give one of them.")
    if any(folder.glob("messages*.html")) or (folder / "export_results.html").exists():
        raise ExportError(f"{folder}: an export as HTML, which cannot be read. {HOW}")
    raise ExportError(f"{folder}: no result.json in it, so not an export. {HOW}")


def _problem(start: bytes) -> str:
    for signature, words in _OTHERS:
        if start.startswith(signature):
            return words
    begin = start.removeprefix(UTF8_BOM).lstrip()[:1]
    if begin == b"<":
        return f"HTML. {HOW[:-1]}"
    if not begin:
        return "the file is empty"
    return "" if begin == b"{" else "no JSON object"

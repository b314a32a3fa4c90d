"""Files are copied whole or not at all."""

from pathlib import Path

import pytest

from cvgorod_hub.keeping import media


def test_what_a_full_disk_broke_off_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore is run again as it is, also after one that was killed amid a file."""
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    (source / "one.ogg").write_bytes(b"OggS")

    def fill_up(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(media.os, "fsync", fill_up)
        with pytest.raises(OSError, match="No space left"):
            media.copy_files(["one.ogg"], source=source, target=target, copied=int)
    assert not (target / "one.ogg").exists()

    done = media.copy_files(["one.ogg"], source=source, target=target, copied=int)

    assert (done.bytes, done.missing) == (4, [])
    assert [(path.name, path.read_bytes()) for path in target.iterdir()] == [("one.ogg", b"OggS")]

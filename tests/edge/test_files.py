"""Files that are replaced as a whole."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mlops_ci.edge.files import write_whole


def test_of_two_threads_that_replace_a_file_at_once_nobody_sees_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen, write = tmp_path / "facts.json", list[bytes](), Path.write_bytes

    def slowly(self: Path, data: bytes) -> int:
        if data != b"slow":
            return write(self, data)
        with self.open("wb") as half:
            half.write(b"sl")
            other = threading.Thread(target=write_whole, args=(file, b"quick"))
            other.start()
            other.join()
            half.write(b"ow")
        seen.append(file.read_bytes())
        return len(data)

    monkeypatch.setattr(Path, "write_bytes", slowly)
    write_whole(file, b"slow")
    seen.append(file.read_bytes())
    assert seen == [b"quick", b"slow"]
    assert [path.name for path in tmp_path.iterdir()] == ["facts.json"]

"""A log that was tampered with cannot write outside the folder that was asked for."""

from __future__ import annotations

from mlops_ci.registry.log_objects import parted
from tests.support.lab import Lab


def test_a_file_name_that_leads_out_of_the_folder_is_refused(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    log = sorted((lab.workspace / "models/coin/log").iterdir())
    for entry in log[1:]:
        entry.unlink()
    first, *_ = parted(log[0].read_bytes(), "the log")
    log[0].write_bytes(first.replace(b"build/model.txt", b"../../model.txt"))
    done = lab.run("models", "download", "coin@v1", "deep/out")
    assert done.code == 5
    assert "outside its folder" in done.err
    assert not (lab.folder / "model.txt").exists()

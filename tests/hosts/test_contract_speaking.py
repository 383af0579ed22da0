"""What every host has to get right of what a job says to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.hosts.select import select_host
from mlops_ci.records.conclusion import Annotation
from tests.hosts.hosts import HOSTS, Push

each_host = pytest.mark.parametrize("push", HOSTS.values(), ids=HOSTS)


@each_host
def test_foreign_text_commands_nothing(push: Push, tmp_path: Path) -> None:
    assert push(tmp_path, "main")[0].host().neutralise("a\x1b[2Jb\tc\r") == "a[2Jb\tc"


@pytest.mark.parametrize("kind", HOSTS)
@given(text=st.text())
def test_text_that_was_made_safe_is_one_printable_line_and_stays_as_it_is(kind: str, text: str) -> None:
    host = select_host(kind, {}, print)
    line = host.neutralise(text)
    assert line.replace("\t", " ").isprintable()
    assert host.neutralise(line) == line


@each_host
def test_a_remark_says_where_and_what(push: Push, tmp_path: Path) -> None:
    job, _ = push(tmp_path, "main")
    job.host().annotate(Annotation("warning", "odd", file="mlops.yaml", line=3))
    assert len(job.lines) == 1
    assert all(part in job.lines[0] for part in ("warning", "mlops.yaml", "3", "odd"))


@each_host
def test_a_remark_is_one_line_whatever_is_in_it(push: Push, tmp_path: Path) -> None:
    job, _ = push(tmp_path, "main")
    job.host().annotate(Annotation("error", "a\nb\r\nc", title="t\nu", file="x\ny", line=1))
    assert len(job.lines) == 1
    assert not {"\n", "\r"} & set(job.lines[0])


@each_host
def test_a_group_shows_its_title_and_what_is_in_it_even_when_that_fails(push: Push, tmp_path: Path) -> None:
    job, _ = push(tmp_path, "main")
    with pytest.raises(ZeroDivisionError), job.host().group("Step one"):
        job.lines.append("inside")
        raise ZeroDivisionError
    assert "Step one" in job.lines[0]
    assert job.lines[1] == "inside"


@each_host
def test_without_the_hosts_files_nothing_is_written_and_nothing_fails(push: Push, tmp_path: Path) -> None:
    job, _ = push(tmp_path, "main")
    job.environ.clear()
    host = job.host()
    host.outputs({"name": "value"})
    host.summary("# A report")
    host.mask("")
    assert job.lines == []

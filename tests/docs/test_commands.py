"""Every command that a document shows is run, in the order in which it stands there, and ends as the document says."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.commands import DOCUMENTS, ROOT, name_of, shown_in
from tests.docs.scene import Stage
from tests.docs.scenes import ELSEWHERE, GROUPS, SCENES
from tests.docs.world import make_world

WITH_COMMANDS = [document for document in DOCUMENTS if shown_in(document)]
HERE = [
    pytest.param(name, marks=pytest.mark.xdist_group(GROUPS.get(setting, "documents")))
    for name, setting in SCENES.items()
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(tmp_path_factory.mktemp("documents")).folder


def test_the_commands_of_every_document_are_run_once() -> None:
    here = {*SCENES, *ELSEWHERE, "docs/tutorial.md"}  # which has a test of its own, as it is one story
    assert here == {*map(name_of, WITH_COMMANDS)}


@pytest.mark.parametrize("name", HERE)
def test_the_commands_work(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with contextmanager(SCENES[name])(Stage(tmp_path, request)) as scene:
        for shown in shown_in(ROOT / name):
            for _, *arguments in shown.calls:
                done = scene.run(scene.translated(arguments))
                assert done.code == scene.code(shown), f"line {shown.line}: {shown.text}\n{done.err}\n{done.out}"


@pytest.mark.parametrize(("name", "test"), ELSEWHERE.items())
def test_the_story_has_the_commands(name: str, test: str) -> None:
    text = (ROOT / test).read_text("utf-8")
    for shown in shown_in(ROOT / name):
        for _, verb, *_ in shown.calls:
            assert any(call in text for call in (f'"{verb}"', f".{verb}(", f"mlops-ci {verb}``")), shown.text

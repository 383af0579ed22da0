"""Fifty payloads wherever somebody else's words come in: nothing of them is executed, and nothing is forged."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from tests.journeys.github.payloads import BRANCHES, MARK, PAYLOADS
from tests.journeys.github.world import World
from tests.parts.act import Ran

OUTPUTS = {"outcome", "model", "version", "promoted", "run", "report", "report-html", "report-json"}
PRINTS = "import json\nfor text in json.load(open('payloads.json')):\n    print(text)\n"
MEASURES = """\
import math
names = json.load(open("payloads.json"))
json.dump({"size": 10, **{name: 1 + place for place, name in enumerate(names)}}, open("build/metrics.json", "w"))
"""


def test_there_are_fifty() -> None:
    assert len(set(PAYLOADS)) >= 50


@pytest.fixture
def hostile(world: World) -> World:
    """A champion, and a change by somebody who writes payloads wherever text is taken."""
    lab = world.lab
    lab.write("payloads.json", json.dumps(PAYLOADS))
    lab.edit("mlops.yaml", "inputs: [train.py]", "inputs: [train.py, payloads.json, notes]")
    lab.edit("mlops.yaml", "inputs: [evaluate.py,", "inputs: [evaluate.py, payloads.json,")
    lab.write("notes/empty", "")
    world.make_champion()
    world.dispatch_to_shop()
    lab.skill(0.8)
    params = {f"key {number} {text}": text for number, text in enumerate(PAYLOADS)}
    with (lab.folder / "params.yaml").open("a") as file:
        file.write("more:\n" + "".join(f"  {json.dumps(key)}: {json.dumps(text)}\n" for key, text in params.items()))
    lab.edit("mlops.yaml", "params: [train]", "params: [train, more]")
    for name in PAYLOADS:
        if "\n" not in name and "/" not in name and "\r" not in name:
            lab.write(f"notes/{name}", "x")
    lab.write("train.py", (lab.folder / "train.py").read_text() + PRINTS)
    lab.write("evaluate.py", (lab.folder / "evaluate.py").read_text() + MEASURES)
    return world


def assert_nothing_happened(world: World, ran: Ran) -> None:
    assert [path for path in world.folder.rglob(f"*{MARK}*") if path.name == MARK] == []
    assert not Path(MARK).exists()
    for job in ran.jobs.values():
        assert set(job.steps["model"].outputs) <= OUTPUTS
        assert not any("forged" in json.dumps(step.outputs) for step in job.steps.values())
    commands = {said["command"] for said in lines(ran) if said.get("command")}
    known = {"add-mask", "set-output", "group", "endgroup", "summary", "warning", "notice", "error"}
    assert commands <= known, commands
    hidden = [base64.b64decode(said["arg"]) for said in lines(ran) if said.get("command") == "add-mask"]
    assert all(value.startswith(b"x-access-token:") for value in hidden)  # as git has the token, and nothing else
    # The runner reads this form anywhere in a line, act only where a line begins.
    assert not [line for line in ran.said.splitlines() if "##[" in line]
    remarks = [said for said in lines(ran) if said.get("command") in {"warning", "notice", "error"}]
    assert not any(said.get("file") for said in remarks)


def assert_no_markers_are_forged(text: str, sections: int = 1) -> None:
    assert text.count("<!-- mlops-ci ") <= 1
    assert text.count("<!-- section ") <= sections
    assert text.count("<!-- end of section -->") <= sections
    assert not re.search(r"<(img|script)", text)
    assert "](https://forged.example" not in text
    assert text.count("<details>") == text.count("</details>")


def lines(ran: Ran) -> list[dict[str, str]]:
    return [json.loads(line) for line in ran.log.splitlines() if line.startswith("{")]


def test_a_pull_request_full_of_payloads_is_judged_like_any_other(hostile: World) -> None:
    hostile.pull_request(7, title="\n\n".join(PAYLOADS), author=f"$(touch {MARK}) ::set-output name=forged::yes")
    ran = hostile.on_pull_request(7)
    assert ran.code == 0, ran.said
    assert_nothing_happened(hostile, ran)
    assert ran.job.steps["model"].outputs["outcome"] == "passed"
    assert_no_markers_are_forged(hostile.comment(7))
    # They did come in: printed by a step, and as what has changed.
    assert f"touch {MARK}" in ran.said
    assert "forged" in hostile.comment(7)
    for check in hostile.repository.check_runs:
        assert_no_markers_are_forged(check.output["summary"])
    # And the same on main, where the words go on into the registry and to others.
    hostile.merge(7)
    ran = hostile.on_push()
    assert ran.code == 0, ran.said
    assert_nothing_happened(hostile, ran)
    assert hostile.champion() == 2
    assert_no_markers_are_forged(hostile.comment(7))
    assert len(hostile.shop.dispatches) == 1


def test_a_branch_of_any_name_is_only_a_name(world: World) -> None:
    world.make_champion()
    world.lab.skill(0.8)
    for number, branch in enumerate(BRANCHES, start=7):
        world.pull_request(number, branch=branch)
        ran = world.on_pull_request(number)
        assert ran.code == 0, ran.said
        assert_nothing_happened(world, ran)
        assert_no_markers_are_forged(world.comment(number))


@pytest.mark.parametrize("where", ["model", "step", "metric"])
def test_names_that_are_no_names_are_refused_in_lines_of_ours(world: World, where: str) -> None:
    world.make_champion()
    text = (world.lab.folder / "mlops.yaml").read_text()
    if where == "model":
        text = text.replace("name: coin", f"name: {json.dumps(' '.join(PAYLOADS))}")
    if where == "step":
        steps = "".join(f"  {json.dumps(name)}: {{run: 'true'}}\n" for name in PAYLOADS)
        text = text.replace("steps:\n", f"steps:\n{steps}")
    if where == "metric":
        rules = "".join(f"    - {json.dumps(name + ' > baseline')}\n" for name in PAYLOADS)
        text = text.replace("  rules:\n", f"  rules:\n{rules}")
    world.lab.write("mlops.yaml", text)
    world.pull_request(7)
    ran = world.on_pull_request(7)
    assert ran.code == 1
    assert "mlops.yaml:" in ran.said
    assert_nothing_happened(world, ran)
    assert world.repository.comments(7) == []

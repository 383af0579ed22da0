"""``gate override``: a refused version is promoted by somebody who answers for it."""

from __future__ import annotations

from tests.support.lab import Lab
from tests.support.log_entries import log_entries


def test_a_refused_version_is_promoted_with_a_name_and_a_reason(lab_with_champion: Lab) -> None:
    lab = lab_with_champion
    lab.skill(0.4)
    lab.commit("worse")
    refused = lab.run("ci", "--host", "local")
    assert refused.code == 1
    command = "mlops-ci gate override coin@v2 --reason TEXT"
    assert command in " ".join(refused.out.split())
    assert lab.run("gate", "override", "coin@v2").code == 2
    assert lab.champion() == 1
    done = lab.run("gate", "override", "coin@v2", "--reason", "the truth\n was | wrong \u202e", "--json")
    assert done.code == 0, done.err
    assert (done.json["aliases"], done.json["overrides"][0]["alias"]) == (["champion"], "champion")
    again = lab.run("gate", "override", "coin@champion", "--reason", "once more")
    assert again.out.startswith("coin@champion is v2, overridden by ")
    assert again.out.endswith(": the truth was | wrong \ufffd\n")
    for arguments in (("models", "show", "coin@v2"), ("models", "history", "coin")):
        text = " ".join(lab.run(*arguments).out.split())
        assert ": the truth was | wrong \ufffd" in text
        assert "\u202e" not in text
    unchanged = lab.run("ci", "--host", "local")
    assert "the champion, overridden by " in " ".join(unchanged.out.split())
    lab.git("switch", "--quiet", "--create", "idea")
    lab.skill(0.7)
    lab.commit("an idea")
    report = " ".join(lab.run("ci", "--host", "local", "--branch", "idea", "--default-branch", "main").out.split())
    assert "champion v2 did not pass the gate: overridden by " in report
    said, moved = log_entries(lab.workspace, "coin")[-2:]
    assert (said["op"], moved["op"], moved["override"]) == ("override", "alias", said["seq"])
    assert lab.run("workspace", "check").code == 0

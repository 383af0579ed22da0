"""A version is deployed to this machine, replaced, brought back, watched and taken down, on the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_ci.records.deployment import Instance
from mlops_ci.records.entry import Release
from mlops_ci.registry.deploy import begin, record_serving
from tests.parts.receivers.webhook import WebhookReceiver
from tests.support.lab import clean_environment
from tests.support.shop import Shop, predictions

DEPLOY = "serve: {workers: 1}\ndeploy:\n  shop: {target: process, timeout: 2m}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, DEPLOY)
    yield made
    made.run("deployments", "delete", "shop")


def test_a_key_is_needed_to_deploy_and_not_to_take_away(tmp_path: Path) -> None:
    shop = Shop(tmp_path, DEPLOY.replace("workers: 1", "workers: 1, keys: [SHOP_KEY]"))
    missing = shop.run("deploy", "shop")
    assert missing.code == 2
    assert missing.complaints == [
        "mlops-ci: error[2]: the variable SHOP_KEY is not set; serve.keys; give it to the job as a secret"
    ]
    shop.env["SHOP_KEY"] = "a-key-that-nobody-else-has"
    try:
        assert shop.run("deploy", "shop").code == 0
        kept = [*Path(shop.env["MLOPS_CI_CACHE_DIR"]).rglob("*"), *tmp_path.rglob("*")]
        assert not [path for path in kept if path.is_file() and b"a-key-that-nobody" in path.read_bytes()]
    finally:
        del shop.env["SHOP_KEY"]
        assert shop.run("deployments", "logs", "shop").code == 0
        assert shop.run("deployments", "delete", "shop").code == 0


def test_the_life_of_a_deployment(shop: Shop) -> None:
    first = shop.run("deploy", "shop")
    assert first.code == 0, first.err
    assert first.out.startswith("coin v1 serves as shop at http://127.0.0.1:")
    told = [line.split(" | ")[1].split(":")[0] for line in first.err.splitlines() if line.startswith("shop | ")]
    assert told == ["protect", "start", "wait", "smoke", "smoke", "switch", "serving"]
    assert predictions(first.out.split(" at ")[1].strip()) == [4.0]
    assert shop.json("deploy", "shop")["outcome"] == "unchanged"

    second = shop.json("deploy", "shop", "coin@v2")
    assert (second["outcome"], second["deployment"]["version"], second["deployment"]["previous"]) == ("deployed", 2, 1)
    assert predictions(second["url"]) == [8.0]
    assert second["deployment"]["smoke"]["compared"] == 2

    refused = shop.run("deploy", "shop", "coin@v3")
    assert refused.code == 5
    assert refused.complaints[-1].startswith(
        "mlops-ci: error[5]: 2 of 2 rows are answered otherwise than was recorded; row 0, prediction: 3.5 was recorded,"
    )
    assert predictions(second["url"]) == [8.0], "the old one serves on"

    shown = shop.run("models", "show", "coin@v2").out
    assert f"serves as     shop on process at {second['url']}, healthy since " in shown
    assert "kept for      shop" in shop.run("models", "show", "coin@v1").out
    assert shop.run("deployments", "check").out == "shop: v2 is healthy, 2 rows as recorded\n"
    listed = shop.json("deployments", "list")
    assert [(each["model"], each["deployment"]["stage"]) for each in listed] == [("coin", "healthy")]
    assert shop.run("deployments", "logs", "shop").code == 0

    back = shop.json("deployments", "rollback", "shop")
    assert (back["outcome"], back["deployment"]["version"]) == ("rolled-back", 1)
    assert predictions(back["url"]) == [4.0]

    (record,) = [file for file in Path(shop.env["MLOPS_CI_CACHE_DIR"]).rglob("process-*") if _runs(file)]
    os.killpg(int(record.read_text().split()[0]), signal.SIGKILL)
    ill = shop.run("deployments", "check")
    assert ill.code == 3 and ill.out.startswith("shop: v1 is unhealthy (it was not before)"), ill
    assert "error[3]: shop: it is stopped" in ill.err
    assert shop.run("deployments", "delete", "shop").out == "shop is no more\n"
    assert shop.json("deployments", "list") == []
    assert all(not version.protections for version in shop.log.read().versions.values())


def test_what_is_debugged_is_seen_and_gone_after_an_interruption(shop: Shop) -> None:
    before = sorted(shop.lab.workspace.rglob("log/*"))
    command = [sys.executable, "-m", "mlops_ci", "deploy", "shop", "coin@v3", "--debug"]
    with subprocess.Popen(
        command, cwd=shop.lab.folder, env=clean_environment() | shop.env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as debugged:  # fmt: skip
        assert debugged.stdout and debugged.stderr
        url = next(line for line in debugged.stderr if "Ctrl-C ends it" in line).split(" at ")[1].split(";")[0]
        for line in debugged.stdout:
            if "serving" in line:
                break
        assert predictions(url) == [12.0]
        debugged.send_signal(signal.SIGINT)
        assert debugged.wait() == 0
    assert shop.json("deployments", "list") == []
    assert sorted(shop.lab.workspace.rglob("log/*")) == before != [], "nothing is written"
    assert not [file for file in Path(shop.env["MLOPS_CI_CACHE_DIR"]).rglob("process-*") if _runs(file)]


def _runs(record: Path) -> bool:
    try:
        os.kill(int(record.read_text().split()[0]), 0)
    except ProcessLookupError:
        return False
    return True


IMPOSSIBLE = (
    (("deploy", "market"), "no deployment 'market' in mlops.yaml; there are: shop"),
    (("deploy", "shop", "other@v1"), "the deployments are of coin, not of other"),
    (("deploy", "shop", "coin@v9"), "no version 9"),
    (("deploy", "shop", "--image", "ghcr.io/acme/coin:v1"), "a process serves no image"),
    (("deployments", "show", "shop"), "nothing is deployed as 'shop'"),
    (("deployments", "rollback", "shop"), "there is no previous version to go back to"),
    (("deployments", "logs", "shop"), "nothing serves as 'shop'"),
    (("deployments", "delete", "shop"), "there is no such deployment"),
)


def test_what_cannot_be_done_is_one_line(tmp_path: Path) -> None:
    shop = Shop(tmp_path, DEPLOY)
    for arguments, line in IMPOSSIBLE:
        done = shop.run(*arguments)
        assert done.code == 2
        assert f"error[2]: {line}" in done.complaints[-1]
    assert shop.log.read().deployments == {}


def test_a_deployment_whose_place_is_gone_is_written_off(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "deploy:\n  shop: {target: kubernetes, namespace: models}\n")
    trial = begin(shop.log, "shop", 1)
    record_serving(shop.log, "shop", trial, Instance("kubernetes", "shop-1", "a cluster"), None)
    begin(shop.log, "shop", 2)
    for wrong in (("--force",), ("--reason", "gone")):
        assert shop.run("deployments", "delete", "shop", *wrong).code == 2
    written_off = ("deployments", "delete", "shop", "--force", "--reason", "the cluster was deleted")
    done = shop.run(*written_off)
    assert (done.code, done.out) == (0, "shop is no more\n"), done.err
    state = shop.log.read()
    assert state.deployments == {} and not any(version.protections for version in state.versions.values())
    ends = [entry.body for entry in shop.log.entries() if isinstance(entry.body, Release)]
    assert [(end.version, end.forced, end.reason) for end in ends] == [
        (1, True, "the cluster was deleted"), (2, True, "the cluster was deleted"),
    ]  # fmt: skip
    assert "the cluster was deleted" in shop.run("models", "history", "coin").out
    again = shop.run(*written_off)
    assert again.code == 2 and "there is no such deployment" in again.err


def test_others_hear_that_a_deployment_is_no_more(tmp_path: Path) -> None:
    with WebhookReceiver.started() as hook:
        gone = f'triggers:\n  deployment-deleted:\n    - {{name: gone, webhook: "{hook.url}", secret: HOOK}}\n'
        settings = "deploy:\n  shop: {target: kubernetes, namespace: models}\n" + gone
        shop = Shop(tmp_path, settings, {"HOOK": hook.secret})
        assert shop.run("trigger").code == 0  # it listens from now on
        trial = begin(shop.log, "shop", 1)
        place = Instance("kubernetes", "shop-1", "a cluster", "https://shop.example.org")
        record_serving(shop.log, "shop", trial, place, None)
        done = shop.run("deployments", "delete", "shop", "--force", "--reason", "the cluster was deleted")
        assert done.code == 0, done.err
        [heard] = [each.content for each in hook.deliveries]
        assert hook.violations == []
    assert (heard["type"], heard["subject"]) == ("mlops-ci.deployment-deleted", "models/coin:1")
    told = {key: heard["data"][key] for key in ("deployment", "endpoint", "reason")}
    assert told == {"deployment": "shop", "endpoint": place.url, "reason": "the cluster was deleted"}
    assert shop.run("trigger", "--dry-run", "--event", "deployment-deleted", "--reference", "coin@v1").code == 0
    never = shop.run("trigger", "--dry-run", "--event", "deployment-deleted", "--reference", "coin@v2")
    assert "v2 was never a deployment that was deleted" in never.err

"""A version is deployed to this machine, replaced, brought back, watched and taken down, on the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shop import Shop, predictions

DEPLOY = "deploy:\n  shop: {target: process, timeout: 2m}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, DEPLOY)
    yield made
    made.run("deployments", "delete", "shop")


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

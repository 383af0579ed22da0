"""What is special about processes of this machine: other processes with their numbers, ports that two share, logs."""

from __future__ import annotations

import os
import shutil
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.deployment.process import ProcessTarget
from mlops_ci.deployment.target import Order
from mlops_ci.edge.daemon import Daemon, identity, is_alive, stop
from mlops_ci.errors import IntegrityError, RemoteError, UsageError
from mlops_ci.project.deploy import ProcessPlace
from mlops_ci.records.deployment import Instance
from tests.deployment.conftest import MODEL, NAME, Place, process
from tests.deployment.load import Load
from tests.deployment.test_contract import _ready
from tests.parts.ports import free_ports
from tests.serving.small_models import sum_model, write_package


def _started(place: Place, unique: str) -> Instance:
    instance = place.target.start(place.order(unique))
    _ready(place.target, instance)
    return instance


def _answers(url: str | None) -> bool:
    with urllib.request.urlopen(f"{url}/health/ready", timeout=30) as answer:
        return bool(answer.status == 200)


def test_a_number_that_another_process_has_by_now_is_left_alone() -> None:
    mine = identity(os.getpid())
    assert mine is not None and is_alive(Daemon(os.getpid(), mine))
    other = Daemon(os.getpid(), "of-another-boot-1")
    assert not is_alive(other)
    stop(other, 0.0)  # or this test would not see its end


def test_no_request_is_lost_while_a_port_changes_hands(tmp_path: Path) -> None:
    """With the real server, at 200 requests a second."""
    package = tmp_path / "package"
    package.mkdir()
    write_package(package, sum_model(package), workers=2)
    target = ProcessTarget(ProcessPlace(free_ports(1)[0]), tmp_path / "state", os.environ)
    try:
        first, second = (target.start(Order(NAME, unique, MODEL, 1, package=package)) for unique in ("a-1", "a-2"))
        _ready(target, first)
        _ready(target, second)
        first = target.switch(first, None)
        with Load(str(first.url), b'{"data": [[1, 2, 3]]}') as load:
            load.go_on(50)
            assert target.switch(second, first).url == first.url
            assert target.status(first).condition == "stopped"
            load.go_on(50)
        assert load.lost == []
    finally:
        for instance in target.instances(MODEL, NAME).values():
            target.delete(instance)


def test_a_port_that_somebody_else_has_is_a_clear_error_and_the_tried_one_stays(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = process(tmp_path, taken.getsockname()[1])
        instance = _started(place, "a-1")
        with pytest.raises(RemoteError, match="cannot listen: Address already in use"):
            place.target.switch(instance, None)
        _ready(place.target, instance)
        place.clean()


def test_the_log_is_followed_to_its_end(tmp_path: Path) -> None:
    place = process(tmp_path)
    instance = _started(place, "a-1")
    lines = place.target.logs(instance, follow=True)
    assert "serving m at" in next(lines)
    place.target.retire(instance)
    assert list(lines) == ["drained"]
    place.clean()


def test_a_server_that_ends_says_why(tmp_path: Path) -> None:
    place = process(tmp_path)
    order = place.order("a-1")
    assert order.package
    (order.package / "serving.json").write_text('{"broken": true}')
    instance = place.target.start(order)
    while place.target.status(instance).condition == "running":
        pass
    assert place.target.status(instance).detail == "mlops-ci: error[5]: the model is broken"
    place.clean()


def test_secrets_stay_in_the_job_and_are_wanted_again(tmp_path: Path) -> None:
    place = process(tmp_path)
    instance = _started(place, "a-1")
    place.target.retire(instance)
    assert not [
        file for file in (tmp_path / "state").rglob("*") if file.is_file() and b"of the job" in file.read_bytes()
    ]
    with pytest.raises(UsageError, match="PYTHONPATH is not set"):
        ProcessTarget(ProcessPlace(None), tmp_path / "state", {}).revive(instance)
    place.clean()


@pytest.mark.parametrize("identity", ["", "a/b", "../../etc/x", "a/b/..", "a/b/c/d", "a//c", "a/b/C\n"])
def test_an_identity_leads_nowhere_else(identity: str, tmp_path: Path) -> None:
    target = ProcessTarget(ProcessPlace(None), tmp_path, {})
    with pytest.raises(IntegrityError):
        target.delete(Instance("process", identity, "here"))


def test_a_process_serves_no_image(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="serves no image"):
        ProcessTarget(ProcessPlace(None), tmp_path, {}).start(Order(NAME, "a-1", MODEL, 1, image="r.example/m"))


def test_a_job_with_another_folder_finds_what_serves_on_the_same_machine(tmp_path: Path) -> None:
    place = process(tmp_path)
    serving = place.target.switch(_started(place, "a-1"), None)
    environ = {"MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}
    other = ProcessTarget(ProcessPlace(None), tmp_path / "elsewhere", environ)
    assert other.status(serving).condition == "running"
    elsewhere = replace(serving, place=serving.place.replace("a process on ", "a process on another-"))
    gone = other.status(elsewhere)
    assert gone.condition == "gone" and "of a process on another-" in (gone.detail or "")
    other.delete(elsewhere)
    assert _answers(serving.url), "what another machine has is not looked for here"
    other.delete(serving)
    assert place.target.status(serving).condition == "gone"
    assert place.target.instances(MODEL, NAME) == {}


def test_a_server_whose_files_are_gone_is_not_said_to_be_deleted(tmp_path: Path) -> None:
    place = process(tmp_path)
    serving = place.target.switch(_started(place, "a-1"), None)
    shutil.move(tmp_path / "state", tmp_path / "kept")
    with pytest.raises(RemoteError, match="its files are gone, but a server still answers"):
        place.target.delete(serving)
    shutil.move(tmp_path / "kept", tmp_path / "state")
    place.clean()
    place.target.delete(serving)


def test_what_is_debugged_leaves_nothing(tmp_path: Path) -> None:
    place = process(tmp_path)
    assert isinstance(place.target, ProcessTarget)
    with pytest.raises(KeyboardInterrupt), place.target.debugging(place.order("debug-1")) as instance:
        _ready(place.target, instance)
        assert _answers(instance.url)
        raise KeyboardInterrupt
    assert place.target.instances(MODEL, NAME) == {}

"""The local Docker Engine as a target: a real Engine, and an image with a server of few lines."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from docker import DockerClient

from mlops_ci.deployment.docker import DockerTarget
from mlops_ci.deployment.target import Answer, Order
from mlops_ci.edge.docker_engine import open_engine
from mlops_ci.edge.http_asking import AskingHttp
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.project.deploy import DockerPlace
from mlops_ci.records.deployment import Instance
from tests.parts.docker_engine import Engine
from tests.parts.ports import free_ports
from tests.parts.tiny_image import TinyImage

pytestmark = pytest.mark.xdist_group("docker")
_ANYWHERE = DockerPlace(port=None, cpu=None, memory=None, gpu=None)


@pytest.fixture
def client(docker_engine: Engine) -> Iterator[DockerClient]:
    opened = open_engine({"DOCKER_HOST": docker_engine.host})
    yield opened
    for container in opened.containers.list(all=True):
        container.remove(force=True)
    opened.close()


@pytest.fixture
def target(client: DockerClient) -> DockerTarget:
    return DockerTarget(client, _ANYWHERE)


def _fixed(client: DockerClient) -> DockerTarget:
    return DockerTarget(client, DockerPlace(port=free_ports(1)[0], cpu=None, memory=None, gpu=None))


def _order(image: TinyImage, unique: str = "1", *, secrets: dict[str, str] | None = None, **environ: str) -> Order:
    return Order(
        "staging", unique, "delay", int(unique), commit="c" * 40, image=image.id,
        environ={"VERSION": unique, **environ}, secrets=secrets or {},
    )  # fmt: skip


def _ready(target: DockerTarget, instance: Instance) -> Instance:
    for _ in range(600):
        try:
            if target.request(instance, "GET", "/health/ready").status == 200:
                return instance
        except RemoteError:
            assert target.status(instance).condition in {"starting", "running"}, target.status(instance)
    raise AssertionError("it never became ready")


def _version_at(url: str | None) -> Any:
    assert url is not None
    status, body = AskingHttp(url, service="it").ask("POST", "/score", b"{}", {})
    assert status == 200
    return json.loads(body)["version"]


def _ended(client: DockerClient, instance: Instance) -> None:
    client.containers.get(instance.id).wait(timeout=30)


def test_an_instance_answers_before_it_serves_and_runs_as_no_root(target: DockerTarget, tiny_image: TinyImage) -> None:
    instance = _ready(target, target.start(_order(tiny_image)))
    assert instance.url is None
    assert target.status(instance).condition == "running"
    answer = target.request(instance, "POST", "/score", b"12345", {"Content-Type": "text/plain"})
    assert json.loads(answer.body) == {"user": 1000, "version": "1", "rows": 5}
    assert target.request(instance, "GET", "/nothing") == Answer(404, answer.body.replace(b"5}", b"0}"))


def test_the_same_order_twice_is_one_instance(target: DockerTarget, tiny_image: TinyImage) -> None:
    first = target.start(_order(tiny_image))
    assert target.start(_order(tiny_image)) == first
    assert target.instances("delay", "staging") == {"1": first}
    assert target.instances("delay", "other") == target.instances("other", "staging") == {}


def test_a_switch_without_a_port_tells_the_address_and_it_stays_after_a_restart(
    target: DockerTarget, client: DockerClient, tiny_image: TinyImage
) -> None:
    old = target.switch(_ready(target, target.start(_order(tiny_image, "1"))), None)
    new = target.switch(_ready(target, target.start(_order(tiny_image, "2"))), old)
    assert old.url != new.url
    assert _version_at(old.url) == "1"  # whoever retires it does that later
    client.containers.get(new.id).restart(timeout=10)
    _ready(target, new)
    assert _version_at(new.url) == "2"


def test_a_switch_with_a_port_takes_it_over_and_going_back_works(client: DockerClient, tiny_image: TinyImage) -> None:
    target = _fixed(client)
    old = target.switch(_ready(target, target.start(_order(tiny_image, "1"))), None)
    new = target.switch(_ready(target, target.start(_order(tiny_image, "2"))), old)
    assert old.url == new.url
    assert _version_at(new.url) == "2"
    assert target.status(old).condition == "stopped"
    assert target.switch(new, old) == new  # once more changes nothing
    target.retire(old)
    back = _ready(target, target.revive(old))
    assert _version_at(new.url) == "2"
    assert _version_at(target.switch(back, new).url) == "1"
    assert set(target.instances("delay", "staging")) == {"1", "2"}
    assert len(client.containers.list(all=True)) == 2


def test_what_is_never_ready_on_the_port_leaves_the_previous_one_there(
    client: DockerClient, tiny_image: TinyImage
) -> None:
    target = _fixed(client)
    old = target.switch(_ready(target, target.start(_order(tiny_image, "1"))), None)
    times = iter(range(0, 10_000, 50))
    impatient = DockerTarget(
        client, DockerPlace(int(str(old.url).rpartition(":")[2]), None, None, None), clock=lambda: float(next(times))
    )
    new = impatient.start(_order(tiny_image, "2", UNREADY="1"))
    with pytest.raises(RemoteError, match="not ready on its port"):
        impatient.switch(new, old)
    _ready(target, old)
    assert _version_at(old.url) == "1"
    assert len(client.containers.list(all=True)) == 2


def test_a_port_that_is_taken_is_one_line_and_the_instance_stays(client: DockerClient, tiny_image: TinyImage) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        target = DockerTarget(client, DockerPlace(other.getsockname()[1], None, None, None))
        instance = _ready(target, target.start(_order(tiny_image)))
        with pytest.raises(RemoteError, match=r"the port \d+ is taken.*choose another"):
            target.switch(instance, None)
        _ready(target, instance)


def test_a_switch_that_was_cut_off_before_the_last_step_is_found_again(
    client: DockerClient, tiny_image: TinyImage
) -> None:
    target = _fixed(client)
    instance = target.switch(_ready(target, target.start(_order(tiny_image))), None)
    client.containers.get(instance.id).rename(f"{instance.id}-moving")
    assert target.instances("delay", "staging")["1"].id == instance.id
    assert target.switch(instance, None) == instance


def test_what_ends_says_why(target: DockerTarget, client: DockerClient, tiny_image: TinyImage) -> None:
    failed = target.start(_order(tiny_image, FAIL="7"))
    _ended(client, failed)
    status = target.status(failed)
    assert (status.condition, status.detail) == ("stopped", "it ended with exit code 7")
    with pytest.raises(RemoteError, match="does not run"):
        target.request(failed, "GET", "/health/ready")
    assert list(target.logs(failed)) == ["starts 1"]


def test_limits_are_kept_and_running_out_of_memory_is_named(client: DockerClient, tiny_image: TinyImage) -> None:
    target = DockerTarget(client, DockerPlace(port=None, cpu=0.5, memory="48Mi", gpu=None))
    hungry = target.start(_order(tiny_image, EAT=str(96 << 20)))
    _ended(client, hungry)
    assert target.status(hungry).detail == "it ended with exit code 137: out of memory"
    limits = client.containers.get(hungry.id).attrs["HostConfig"]
    assert (limits["NanoCpus"], limits["Memory"], limits["MemorySwap"]) == (500_000_000, 48 << 20, 48 << 20)


def test_a_gpu_that_is_not_there_is_one_line_and_leaves_nothing(client: DockerClient, tiny_image: TinyImage) -> None:
    target = DockerTarget(client, DockerPlace(port=None, cpu=None, memory=None, gpu=1))
    with pytest.raises(RemoteError, match=r"refuses.*gpu"):
        target.start(_order(tiny_image))
    assert client.containers.list(all=True) == []


def test_secrets_reach_the_server_and_no_label(
    target: DockerTarget, client: DockerClient, tiny_image: TinyImage
) -> None:
    instance = target.start(_order(tiny_image, secrets={"SCORING_KEY": "the-secret-of-the-callers"}))
    container = client.containers.get(instance.id)
    assert "SCORING_KEY=the-secret-of-the-callers" in container.attrs["Config"]["Env"]
    assert "the-secret" not in json.dumps([container.labels, container.name, container.attrs["Args"]])
    assert container.labels["mlops-ci.version"] == "1"
    assert container.labels["mlops-ci.commit"] == "c" * 40


@pytest.mark.parametrize(
    ("image", "kind", "said"),
    [
        (None, UsageError, "mlops-ci image build"),
        (f"sha256:{'0' * 64}", RemoteError, "does not have the image"),
        (f"127.0.0.1:1/nothing@sha256:{'0' * 64}", RemoteError, "docker login"),
    ],
)
def test_an_image_that_cannot_be_had_is_one_line(
    target: DockerTarget, image: str | None, kind: type[MlopsError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        target.start(Order("staging", "1", "delay", 1, image=image))


def test_what_is_gone_can_be_retired_and_deleted_but_not_switched_to(
    target: DockerTarget, tiny_image: TinyImage
) -> None:
    instance = target.start(_order(tiny_image))
    target.delete(instance)
    target.delete(instance)
    target.retire(instance)
    assert target.status(instance).condition == "gone"
    with pytest.raises(RemoteError, match="no such container"):
        target.switch(instance, None)
    with pytest.raises(RemoteError, match="no such container"):
        target.revive(instance)


def test_what_serves_is_kept_alive_and_what_is_retired_is_not(
    target: DockerTarget, client: DockerClient, tiny_image: TinyImage
) -> None:
    instance = target.start(_order(tiny_image))

    def policy() -> str:
        return str(client.containers.get(instance.id).attrs["HostConfig"]["RestartPolicy"]["Name"])

    assert policy() == "no"
    target.switch(instance, None)
    assert policy() == "unless-stopped"
    target.retire(instance)
    assert policy() == "no"
    _ready(target, target.revive(instance))


def test_followed_logs_go_on_until_it_ends(target: DockerTarget, client: DockerClient, tiny_image: TinyImage) -> None:
    instance = _ready(target, target.start(_order(tiny_image)))
    lines = target.logs(instance, follow=True)
    assert next(lines) == "starts 1"
    target.request(instance, "GET", "/score?late")
    target.retire(instance)
    rest = list(lines)
    assert "asked for /score?late" in rest
    assert rest[-1] == "ends"


def test_debugging_leaves_nothing_also_when_it_is_interrupted(
    target: DockerTarget, client: DockerClient, tiny_image: TinyImage
) -> None:
    with pytest.raises(KeyboardInterrupt), target.debugging(_order(tiny_image)) as instance:
        assert _version_at(_ready(target, instance).url) == "1"
        raise KeyboardInterrupt
    assert client.containers.list(all=True) == []


def test_an_engine_that_does_not_run_says_what_to_start() -> None:
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(RemoteError, match=rf"does not answer; {address}; start Docker"):
        open_engine({"DOCKER_HOST": address})

"""What changes in a cluster between two of our requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.deployment.kubernetes_status import status_of
from mlops_ci.errors import MlopsError
from mlops_ci.project.deploy import Replicas
from tests.deployment.clouds import CLUSTER_PLACE, Kubernetes, kubernetes, order
from tests.parts.kubernetes_api.pods import READY
from tests.parts.kubernetes_api.pods import status_of as told
from tests.parts.loopback import Request


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Kubernetes]:
    with kubernetes(tmp_path) as made:
        yield made


def before(cloud: Kubernetes, method: str, path: str, work: Callable[[], None]) -> None:
    """Let something happen before the next such request is answered."""
    answer, left = cloud.fake._answer, [work]

    def after_work(request: Request) -> object:
        if left and request.method == method and path in request.path:
            left.pop()()
        return answer(request)

    cloud.fake._answer = after_work  # type: ignore[assignment,method-assign]


def replaced(cloud: Kubernetes, name: str) -> Callable[[], None]:
    """Somebody deletes a Deployment and makes their own of that name."""

    def work() -> None:
        found = deepcopy(cloud.fake.live("deployments", name))
        assert found
        found["metadata"] = {"name": name, "labels": {"app": "theirs"}}
        cloud.fake.put("deployments", found)

    return work


def test_what_takes_a_name_meanwhile_is_not_written_over(cloud: Kubernetes) -> None:
    cloud.target.start(order())
    name = cloud.name(order())
    before(cloud, "PATCH", f"deployments/{name}", replaced(cloud, name))
    with pytest.raises(MlopsError) as caught:
        cloud.target.start(order())
    assert caught.value.exit_code == 4
    found = cloud.fake.live("deployments", name)
    assert found
    assert found["metadata"]["labels"] == {"app": "theirs"}


def test_what_takes_a_name_meanwhile_is_not_deleted(cloud: Kubernetes) -> None:
    instance = cloud.target.start(order())
    name = cloud.name(order())
    before(cloud, "DELETE", f"deployments/{name}", replaced(cloud, name))
    cloud.target.delete(instance)
    assert cloud.left() == [f"deployments/{name}"]


def test_nothing_brings_back_the_pods_of_what_is_retired(cloud: Kubernetes) -> None:
    target = cloud.at(replace(CLUSTER_PLACE, replicas=Replicas(1, 3, 70)))
    instance = target.start(order())
    target.switch(instance, None)
    target.retire(instance)
    assert cloud.fake.names("horizontalpodautoscalers") == []
    assert target.status(instance).condition == "stopped"


def test_a_retired_instance_that_is_started_by_its_order_has_pods_again(cloud: Kubernetes) -> None:
    instance = cloud.target.start(order())
    cloud.target.retire(instance)
    assert cloud.target.start(order()) == instance
    assert cloud.target.status(instance).condition == "running"


def test_what_the_cluster_has_not_looked_at_yet_is_still_starting(cloud: Kubernetes) -> None:
    cloud.target.start(order())
    found = deepcopy(cloud.fake.live("deployments", cloud.name(order())))
    assert found
    found["status"] = told(found, READY)
    assert status_of(found, []).condition == "running"
    found["metadata"]["generation"] += 1
    assert status_of(found, []).condition == "starting"

"""Kubernetes: what others decide, what we may not, and what is wrong with a pod."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_ci.deployment.kubernetes import KubernetesTarget
from mlops_ci.deployment.kubernetes_connection import connect
from mlops_ci.errors import ConflictError, MlopsError, RemoteError, UsageError
from mlops_ci.project.deploy import Replicas
from tests.deployment.clouds import CLUSTER_PLACE, SECRET, Kubernetes, kubernetes, order
from tests.parts.kubernetes_api import pods
from tests.parts.kubernetes_api.pods import Fate

SCALED = replace(CLUSTER_PLACE, replicas=Replicas(2, 6, 70))


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Kubernetes]:
    with kubernetes(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("fate", "condition", "detail"),
    [
        (pods.READY, "running", None),
        (pods.STARTING, "starting", None),
        (
            pods.PULL_ERROR,
            "starting",
            'cannot pull the image (ImagePullBackOff): Back-off pulling image "x": unauthorized',
        ),
        (
            pods.CRASHING,
            "starting",
            "the server ends with exit code 3, started 5 times (CrashLoopBackOff)",
        ),
        (pods.OUT_OF_MEMORY, "starting", "out of memory (OOMKilled): give it more by memory"),
        (
            pods.UNSCHEDULABLE,
            "starting",
            "no machine has room for it (Unschedulable): 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
        ),
        (
            pods.OVER_QUOTA,
            "starting",
            'the cluster makes no pod of it: pods "x" is forbidden: exceeded quota: team, requested: limits.cpu=4',
        ),
    ],
    ids=["ready", "starting", "pull", "crash", "memory", "room", "quota"],
)
def test_status_says_what_keeps_a_pod_from_working(
    cloud: Kubernetes, fate: Fate, condition: str, detail: str | None
) -> None:
    cloud.fake.fates[cloud.name(order())] = fate
    status = cloud.target.status(cloud.target.start(order()))
    assert (status.condition, status.detail) == (condition, detail)


def test_an_instance_that_is_not_ready_does_not_answer_yet(cloud: Kubernetes) -> None:
    cloud.fake.fates[cloud.name(order())] = pods.STARTING
    instance = cloud.target.start(order())
    with pytest.raises(RemoteError, match="no endpoints available"):
        cloud.target.request(instance, "GET", "/health/ready")
    assert list(cloud.target.logs(instance)) == []


def test_a_pod_that_closes_its_port_does_not_answer(cloud: Kubernetes) -> None:
    instance = cloud.target.start(order())
    cloud.fake.backend = lambda _: "http://127.0.0.1:9"
    with pytest.raises(RemoteError, match="does not answer"):
        cloud.target.request(instance, "GET", "/health/ready")


def test_a_field_that_somebody_else_decides_is_left_to_them(cloud: Kubernetes) -> None:
    cloud.target.start(order())
    name = cloud.name(order())
    path = ("spec", "template", "spec", "terminationGracePeriodSeconds")
    cloud.fake.decide("deployments", name, path, 5, "kubectl-edit")
    with pytest.raises(ConflictError) as caught:
        cloud.target.start(order())
    assert caught.value.line() == (
        "kubectl-edit decides .spec.template.spec.terminationGracePeriodSeconds of this Deployment; "
        f"models/{name}; let kubectl-edit give it up, or take the object away"
    )
    found = cloud.fake.live("deployments", name)
    assert found
    assert found["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 5


def test_what_we_have_decided_by_another_way_is_ours(cloud: Kubernetes) -> None:
    cloud.target.start(order())
    name = cloud.name(order())
    cloud.fake.decide("deployments", name, ("spec", "template", "spec", "enableServiceLinks"), True, "mlops-ci")
    cloud.target.start(order())
    found = cloud.fake.live("deployments", name)
    assert found
    assert found["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_how_many_pods_an_autoscaler_wants_is_not_undone(cloud: Kubernetes) -> None:
    target = cloud.at(SCALED)
    instance = target.start(order())
    target.switch(instance, None)
    name = cloud.name(order())
    cloud.fake.decide("deployments", name, ("spec", "replicas"), 5, "kube-controller-manager")
    target.start(order())
    found = cloud.fake.live("deployments", name)
    assert found
    assert found["spec"]["replicas"] == 5


def test_the_autoscaler_is_with_what_serves(cloud: Kubernetes) -> None:
    target = cloud.at(SCALED)
    old, new = target.start(order(1)), target.start(order(2))
    assert cloud.fake.names("horizontalpodautoscalers") == []
    target.switch(old, None)
    target.switch(new, old)
    assert cloud.fake.names("horizontalpodautoscalers") == [cloud.name(order(2))]
    assert cloud.fake.names("poddisruptionbudgets") == [cloud.name(order(1)), cloud.name(order(2))]
    target.retire(old)
    target.revive(old)
    found = cloud.fake.live("deployments", cloud.name(order(1)))
    assert found
    assert found["spec"]["replicas"] == 2
    target.delete(new)
    target.delete(old)
    assert cloud.left() == []


def test_an_endpoint_that_is_somebody_elses_stays(cloud: Kubernetes) -> None:
    service = {"ports": [{"port": 80}], "selector": {"app": "theirs"}}
    cloud.fake.put(
        "services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": service}, "helm"
    )
    instance = cloud.target.start(order())
    with pytest.raises(ConflictError, match="Service of this name"):
        cloud.target.switch(instance, None)
    cloud.target.delete(instance)
    assert cloud.left() == ["services/shop"]


@pytest.mark.parametrize(
    ("verb", "resource", "hint"),
    [
        ("get", "deployments", 'a Role has to allow get on deployments of the API group "apps"'),
        ("patch", "deployments", 'a Role has to allow patch and create on deployments of the API group "apps"'),
        ("patch", "secrets", 'a Role has to allow patch and create on secrets of the API group ""'),
        ("create", "services/proxy", 'a Role has to allow create on services/proxy of the API group ""'),
        ("patch", "deployments/scale", 'a Role has to allow patch on deployments/scale of the API group "apps"'),
        ("list", "pods", 'a Role has to allow list on pods of the API group ""'),
        ("get", "pods/log", 'a Role has to allow get on pods/log of the API group ""'),
        ("delete", "services", 'a Role has to allow delete on services of the API group ""'),
    ],
)
def test_what_may_not_be_done_is_named(cloud: Kubernetes, verb: str, resource: str, hint: str) -> None:
    cloud.fake.forbidden.add((verb, resource))

    def life() -> None:
        instance = cloud.target.start(order())
        cloud.target.status(instance)
        cloud.target.request(instance, "POST", "/score", b"{}")
        list(cloud.target.logs(instance))
        cloud.target.retire(instance)
        cloud.target.delete(instance)

    with pytest.raises(RemoteError) as caught:
        life()
    assert (caught.value.hint, caught.value.exit_code) == (hint, 3)


def test_a_load_balancer_gets_its_time(cloud: Kubernetes) -> None:
    target = cloud.at(replace(CLUSTER_PLACE, service="LoadBalancer"))
    instance = target.start(order())
    cloud.fake.address_after = 4
    assert target.switch(instance, None).url == "http://203.0.113.7"
    assert cloud.slept == [3.0] * 4
    cloud.fake.address_after = 1 << 30
    assert target.switch(instance, None).url == "http://shop.models.svc"
    assert sum(cloud.slept[4:]) == 180


def test_an_instance_of_another_namespace_is_not_mistaken(cloud: Kubernetes) -> None:
    instance = replace(cloud.target.start(order()), id="elsewhere/shop-w1-1")
    with pytest.raises(ConflictError, match="namespace elsewhere"):
        cloud.target.status(instance)


def test_the_lines_of_all_pods_are_told_in_the_order_of_time(cloud: Kubernetes) -> None:
    target = cloud.at(SCALED)
    instance = target.start(order())
    first, second = (pod["metadata"]["name"] for pod in target._objects.pods(cloud.name(order())))
    cloud.fake.logs[first] = ["2026-01-01T00:00:01Z a", "2026-01-01T00:00:03Z c"]
    cloud.fake.logs[second] = ["2026-01-01T00:00:02Z b"]
    assert list(target.logs(instance)) == [f"{first}: a", f"{second}: b", f"{first}: c"]


def test_an_exec_plugin_is_asked_for_tokens(cloud: Kubernetes, tmp_path: Path) -> None:
    status = {"token": cloud.fake.token, "expirationTimestamp": "2020-01-01T00:00:00Z"}
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    calls = tmp_path / "calls"
    script = f"open({str(calls)!r}, 'a').write('x'); print({json.dumps(credential)!r})"
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", script],
        "interactiveMode": "Never",
    }
    file = cloud.fake.kubeconfig(tmp_path, exec=plugin)
    target = KubernetesTarget(CLUSTER_PLACE, connect(CLUSTER_PLACE, {"KUBECONFIG": str(file)}))
    target.instances("fraud", "shop")
    target.instances("fraud", "shop")
    # The one at the start, and one for each request, as each token had expired.
    assert calls.read_text() == "xxx"


def test_a_token_that_is_refused_is_said_to_be(cloud: Kubernetes, tmp_path: Path) -> None:
    file = cloud.fake.kubeconfig(tmp_path, token="of-yesterday")
    target = KubernetesTarget(CLUSTER_PLACE, connect(CLUSTER_PLACE, {"KUBECONFIG": str(file)}))
    with pytest.raises(RemoteError) as caught:
        target.start(order())
    assert "check the credentials of test in the kubeconfig" in caught.value.line()
    assert "of-yesterday" not in caught.value.line()
    assert SECRET not in caught.value.line()


@pytest.mark.parametrize(
    ("content", "context", "match"),
    [
        (None, None, "there is no kubeconfig"),
        ("", None, "cannot be used"),
        ("clusters: [", None, "cannot be used"),
        ("{}", None, "cannot be used"),
        ("whole", "other", "cannot be used"),
    ],
)
def test_a_kubeconfig_that_is_none_is_one_line(
    cloud: Kubernetes, tmp_path: Path, content: str | None, context: str | None, match: str
) -> None:
    file = tmp_path / "kubeconfig"
    if content is None:
        file.unlink()
    elif content != "whole":
        file.write_text(content, "utf-8")
    with pytest.raises(UsageError, match=match) as caught:
        connect(replace(CLUSTER_PLACE, context=context), {"KUBECONFIG": str(file)})
    assert "\n" not in caught.value.line()


def test_an_api_server_that_is_not_there_is_one_line(cloud: Kubernetes, tmp_path: Path) -> None:
    cloud.fake.endpoint = "http://127.0.0.1:9"
    file = cloud.fake.kubeconfig(tmp_path)
    slept: list[float] = []
    target = KubernetesTarget(CLUSTER_PLACE, connect(CLUSTER_PLACE, {"KUBECONFIG": str(file)}, sleep=slept.append))
    with pytest.raises(MlopsError, match="the cluster refuses connections") as caught:
        target.start(order())
    assert caught.value.exit_code == 3
    assert len(slept) == 3

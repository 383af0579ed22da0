"""The manifests, as they are and as they may come to be."""

from __future__ import annotations

import re
from dataclasses import replace

import kubernetes_validate
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.deployment.kubernetes_manifests import (
    Manifest,
    Owner,
    autoscaler,
    endpoint,
    instance_manifests,
    instance_name,
)
from mlops_ci.deployment.names import host_label, label_value
from mlops_ci.deployment.target import Order
from mlops_ci.project.deploy import KubernetesPlace, Replicas
from tests.conftest import Golden
from tests.deployment.clouds import CLUSTER_PLACE, order
from tests.parts.need import soak

FULL = KubernetesPlace(
    None, None, Replicas(2, 6, 60), "LoadBalancer", "registry-login", "Standard_NC6s_v3", 1.5, "2Gi", 1
)
_LABEL = re.compile(r"(?=.{1,63}\Z)[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_VALUE = re.compile(r"(?=.{0,63}\Z)(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")


class _Plain(yaml.SafeDumper):
    """Writes what stands twice twice."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def manifests(made: Order, place: KubernetesPlace) -> list[Manifest]:
    """All that a deployment may have of an order."""
    owner = Owner(made.model, made.name, "instance")
    name = instance_name(made)
    scaler = autoscaler(owner, name, place, "models")
    stable = endpoint(replace(owner, component="endpoint"), name, place, "models")
    return [*instance_manifests(made, place, "models", place.replicas.least), stable, *([scaler] if scaler else [])]


@pytest.mark.parametrize(
    ("name", "place"), [("kubernetes-least.yaml", CLUSTER_PLACE), ("kubernetes-most.yaml", FULL)], ids=["least", "most"]
)
def test_manifests(name: str, place: KubernetesPlace, golden: Golden) -> None:
    made = replace(order(), secrets={}) if place is CLUSTER_PLACE else order(commit="c" * 40, environ={"A": "1 $(B)"})
    golden(name, yaml.dump_all(manifests(made, place), Dumper=_Plain, sort_keys=False))


@pytest.mark.parametrize("version", ["1.28", "1.31", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("place", [CLUSTER_PLACE, FULL], ids=["least", "most"])
def test_manifests_are_what_kubernetes_accepts(place: KubernetesPlace, version: str) -> None:
    for manifest in manifests(order(commit="c" * 40, environ={"A": "1"}), place):
        kubernetes_validate.validate(manifest, version, strict=True)


@settings(max_examples=soak(50, 1000))
@given(st.lists(st.text(max_size=120), min_size=1, max_size=3), st.integers(20, 63))
def test_any_name_makes_a_label_of_a_host(parts: list[str], most: int) -> None:
    made = host_label(*parts, most=most)
    assert _LABEL.match(made), made
    assert len(made) <= most
    assert host_label(*parts, most=most) == made


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_makes_the_value_of_a_label_and_others_another(one: str, other: str) -> None:
    assert _VALUE.match(label_value(one)), label_value(one)
    assert one == other or label_value(one) != label_value(other)


@settings(max_examples=soak(20, 500))
@given(
    name=st.from_regex(r"\A[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?\Z"),
    values=st.dictionaries(st.from_regex(r"\A[A-Z_]{1,10}\Z"), st.text(max_size=20), max_size=2),
)
def test_any_order_is_accepted_and_its_pods_are_selected(name: str, values: dict[str, str]) -> None:
    made = Order(name, "w1-7", name, 3, image="r.example/x@sha256:0", environ=values, secrets=values)
    found = {manifest["kind"]: manifest for manifest in instance_manifests(made, FULL, "models", 2)}
    kubernetes_validate.validate(found["Deployment"], "1.34", strict=True)
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for selector in (found["Service"]["spec"]["selector"], found["Deployment"]["spec"]["selector"]["matchLabels"]):
        assert selector.items() <= labels.items()
    assert Owner(name, name, "instance").has(found["Deployment"])
    assert not Owner(name, "another", "instance").has(found["Deployment"])
    env = found["Deployment"]["spec"]["template"]["spec"]["containers"][0].get("env", [])
    assert {item["name"]: item["value"].replace("$$", "$") for item in env} == values


def test_two_deployments_never_share_a_name() -> None:
    names = ["shop", "shop.eu", "shop-eu", "shop_eu", "Shop", "9shop", "m-9shop", "s" * 90, "s" * 91]
    assert len({host_label(name) for name in names}) == len(names)

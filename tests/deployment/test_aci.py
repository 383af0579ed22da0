"""Azure Container Instances: groups, operations that take long, and what Azure refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mlops_ci.deployment import resource_manager
from mlops_ci.deployment.aci import open_aci
from mlops_ci.deployment.aci_group import group, group_name
from mlops_ci.deployment.resource_manager import ResourceManager
from mlops_ci.deployment.target import Order
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.project.deploy import AciPlace
from tests.conftest import Golden
from tests.deployment.clouds import GROUP_PLACE, SECRET, ContainerInstances, container_instances, order
from tests.parts.faults import Fault
from tests.parts.need import soak
from tests.parts.resource_manager import groups, shapes

FULL = replace(GROUP_PLACE, dns_label="scores", cpu=1.5, memory="1500Mi", gpu=1, gpu_type="V100")
LOGIN = ("robot", "registry-password")


@pytest.fixture
def cloud() -> Iterator[ContainerInstances]:
    with container_instances() as made:
        yield made


@pytest.mark.parametrize(
    ("name", "place", "login"),
    [("aci-least.json", GROUP_PLACE, None), ("aci-most.json", FULL, LOGIN)],
    ids=["least", "most"],
)
def test_group(name: str, place: AciPlace, login: tuple[str, str] | None, golden: Golden) -> None:
    made = replace(order(), secrets={}) if login is None else order(commit="c" * 40, environ={"A": "1"})
    golden(name, json.dumps(group(made, place, login), indent=2) + "\n")


@settings(max_examples=soak(50, 1000))
@given(
    name=st.from_regex(r"\A[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?\Z"),
    label=st.none() | st.from_regex(r"\A[a-z][a-z0-9-]{3,40}[a-z0-9]\Z"),
    memory=st.none() | st.from_regex(r"\A[1-9][0-9]{0,3}(\.[0-9])?(Mi|Gi)\Z"),
    values=st.dictionaries(st.from_regex(r"\A[A-Z_]{1,10}\Z"), st.text(max_size=20), max_size=2),
)
def test_any_order_is_a_group_that_azure_accepts(
    name: str, label: str | None, memory: str | None, values: dict[str, str]
) -> None:
    made = Order(name, "w1-7", name, 3, image="r.example/x@sha256:0", environ=values, secrets=values)
    body = group(made, replace(FULL, dns_label=label, memory=memory), LOGIN)
    assert list(Draft202012Validator(shapes.GROUP).iter_errors(body)) == []
    assert list(Draft202012Validator(shapes.NAME).iter_errors(group_name(made))) == []
    if memory:
        amount = body["properties"]["containers"][0]["properties"]["resources"]["requests"]["memoryInGB"]
        asked = float(memory[:-2]) / (1024 if memory.endswith("Mi") else 1)
        assert amount == round(amount, 1), "memory is given out in tenths of a GB"
        assert asked - 0.001 <= amount < max(asked, 0.1) + 0.1001


@pytest.mark.parametrize(
    ("fate", "condition", "detail"),
    [
        (groups.RUNNING, "running", None),
        (groups.PULL_ERROR, "starting", 'Failed: Failed to pull image "r.example/x": unauthorized'),
        (groups.CRASHING, "starting", "the server ended with exit code 3, restarted 4 times"),
        (groups.OUT_OF_MEMORY, "starting", "out of memory (OOMKilled): give it more by memory"),
        (
            groups.NO_ROOM,
            "stopped",
            "Azure says ContainerGroupDeploymentFailed: The container group could not be placed: no capacity.",
        ),
    ],
    ids=["running", "pull", "crash", "memory", "room"],
)
def test_status_says_what_keeps_a_group_from_working(
    cloud: ContainerInstances, fate: groups.Fate, condition: str, detail: str | None
) -> None:
    cloud.fake.fates[cloud.name(order())] = fate
    instance = cloud.target.start(order())
    assert cloud.target.status(instance).condition == "starting"
    # The operation is looked at twice: once it is still running.
    found = [cloud.target.status(instance) for _ in range(3)][-1]
    assert (found.condition, found.detail) == (condition, detail)


def test_a_group_that_failed_may_be_deleted_or_started_again(cloud: ContainerInstances) -> None:
    cloud.fake.fates[cloud.name(order())] = groups.NO_ROOM
    instance = cloud.target.start(order())
    cloud.settle(instance)
    del cloud.fake.fates[cloud.name(order())]
    assert cloud.target.start(order()) == instance
    cloud.settle(instance)
    assert cloud.target.status(instance).condition == "running"
    cloud.target.delete(instance)
    assert cloud.left() == []


def test_what_is_still_at_work_is_waited_for_to_be_deleted(cloud: ContainerInstances) -> None:
    cloud.fake.fates[cloud.name(order())] = replace(groups.RUNNING, looks=5)
    instance = cloud.target.start(order())
    cloud.target.delete(instance)
    assert cloud.left() == []
    assert cloud.slept.count(5.0) >= 3


def test_the_lost_reply_to_a_start_does_not_restart_the_group(cloud: ContainerInstances) -> None:
    cloud.faults.fail_next([Fault.LOST_AFTER], "PUT")
    instance = cloud.target.start(order())
    cloud.settle(instance)
    assert (cloud.target.status(instance).condition, cloud.fake.made) == ("running", 1)
    assert 5.0 not in cloud.slept, "nobody waits to ask for it a second time"


@pytest.mark.parametrize("by_location", [False, True], ids=["Azure-AsyncOperation", "Location"])
def test_operations_are_followed_as_often_as_azure_asks(cloud: ContainerInstances, by_location: bool) -> None:
    cloud.fake.by_location = by_location
    instance = cloud.target.start(order())
    cloud.settle(instance)
    cloud.slept.clear()
    cloud.target.delete(instance)
    assert cloud.left() == []
    assert cloud.slept == [2, 3]


def test_an_operation_is_not_followed_to_somebody_else(cloud: ContainerInstances) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    cloud.fake.endpoint = "http://evil.example"
    with pytest.raises(RemoteError, match="leads to another address"):
        cloud.target.delete(instance)


def test_an_operation_that_does_not_end_is_given_up(cloud: ContainerInstances, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    monkeypatch.setattr(resource_manager, "_PATIENCE", 4.0)
    with pytest.raises(RemoteError, match="takes too long"):
        cloud.target.delete(instance)


def test_a_token_that_expires_on_the_way_is_renewed(cloud: ContainerInstances) -> None:
    cloud.fake.uses_of_token = 2
    instance = cloud.target.start(order())
    cloud.settle(instance)
    cloud.target.retire(instance)
    cloud.target.delete(instance)
    assert cloud.left() == []


def test_a_token_that_is_refused_is_not_shown(cloud: ContainerInstances) -> None:
    environ = {"MLOPS_CI_AZURE_TOKEN": "the-token-of-yesterday", "AZURE_RESOURCE_MANAGER": cloud.fake.endpoint}
    with pytest.raises(RemoteError) as caught:
        open_aci(GROUP_PLACE, environ).start(order())
    assert "ExpiredAuthenticationToken" in caught.value.line()
    assert "check your login at Azure" in caught.value.line()
    assert "yesterday" not in caught.value.line()


def test_a_token_of_a_variable_is_enough(cloud: ContainerInstances) -> None:
    environ = {"MLOPS_CI_AZURE_TOKEN": cloud.fake.token(), "AZURE_RESOURCE_MANAGER": cloud.fake.endpoint}
    assert open_aci(GROUP_PLACE, environ).instances("fraud", "shop") == {}


def test_the_groups_of_all_pages_are_found(cloud: ContainerInstances) -> None:
    cloud.fake.page = 2
    for number in range(5):
        cloud.target.start(order(number))
    assert len(cloud.target.instances("fraud", "shop")) == 5


@pytest.mark.parametrize(
    ("refusal", "line"),
    [
        (
            (403, "AuthorizationFailed", "The client 'x' does not have authorization to perform action\n'write'."),
            "Azure says AuthorizationFailed: The client 'x' does not have authorization to perform action 'write'; "
            "{at}; give it the role Contributor on the resource group models",
        ),
        (
            (409, "ContainerGroupQuotaReached", "quota 'StandardCores' exceeded in region 'westeurope'."),
            "Azure says ContainerGroupQuotaReached: quota 'StandardCores' exceeded in region "
            "'westeurope'; {at}; ask for a larger quota, or delete what is no longer needed",
        ),
        (
            (409, "MissingSubscriptionRegistration", "The subscription is not registered."),
            "Azure says MissingSubscriptionRegistration: The subscription is not registered; {at}; "
            "once: az provider register --namespace Microsoft.ContainerInstance",
        ),
        (
            (400, "InaccessibleImage", "The image is not accessible."),
            "Azure says InaccessibleImage: The image is not accessible; {at}; "
            "check the image, registry_user and registry_password",
        ),
        (
            (400, "LocationNotAvailableForResourceType", "The provided location 'mars' is not available."),
            "Azure says LocationNotAvailableForResourceType: The provided location 'mars' is not available; {at}; "
            "choose another location: az provider show --namespace Microsoft.ContainerInstance",
        ),
        (
            (404, "ResourceGroupNotFound", "Resource group 'models' could not be found."),
            "Azure says ResourceGroupNotFound: Resource group 'models' could not be found; {at}; "
            "check subscription and resource_group",
        ),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line_that_says_what_to_do(
    cloud: ContainerInstances, refusal: tuple[int, str, str], line: str
) -> None:
    cloud.fake.refusals.append(refusal)
    with pytest.raises(RemoteError) as caught:
        cloud.target.start(order())
    at = f"Microsoft.ContainerInstance/containerGroups/{cloud.name(order())}"
    assert (caught.value.line(), caught.value.exit_code) == (line.format(at=at), 3)


def test_a_public_name_that_is_taken_is_said_to_be(cloud: ContainerInstances) -> None:
    cloud.fake.labels_of_others.add("shop-w1-1")
    with pytest.raises(RemoteError, match="is not available") as caught:
        cloud.target.start(order())
    assert caught.value.hint == "choose another dns_label"


def test_a_resource_group_that_is_not_there_is_not_an_instance_that_is_gone(cloud: ContainerInstances) -> None:
    target = cloud.at(replace(GROUP_PLACE, resource_group="other"))
    with pytest.raises(RemoteError, match="ResourceGroupNotFound"):
        target.start(order())


def test_the_address_of_a_group_that_came_back_is_asked_for_again(cloud: ContainerInstances) -> None:
    instance = cloud.target.start(order())
    cloud.settle(instance)
    assert cloud.target.request(instance, "GET", "/").status == 200
    group = cloud.fake.groups[cloud.name(order())]
    there, group.backend = group.backend, "http://127.0.0.1:9"
    cloud.target._addresses[instance.id] = ("127.0.0.1", 9)
    with pytest.raises(RemoteError, match="refuses connections"):
        cloud.target.request(instance, "GET", "/")
    group.backend = there
    assert cloud.target.request(instance, "GET", "/").status == 200


def test_the_registry_is_logged_in_to_with_variables(cloud: ContainerInstances) -> None:
    place = replace(GROUP_PLACE, registry_user="WHO", registry_password="PASS")
    base = {"MLOPS_CI_AZURE_TOKEN": cloud.fake.token(), "AZURE_RESOURCE_MANAGER": cloud.fake.endpoint}
    for environ in (base, {**base, "WHO": "robot"}):
        with pytest.raises(UsageError, match="is not set"):
            open_aci(place, environ)
    with pytest.raises(UsageError, match="belong together"):
        open_aci(replace(place, registry_user=None), {**base, "PASS": "p"})
    open_aci(place, {**base, "WHO": "robot", "PASS": "p"}).start(order())
    made = cloud.fake.groups[cloud.name(order())].body["properties"]["imageRegistryCredentials"]
    assert made == [{"server": "r.example", "username": "robot", "password": "p"}]


def test_secrets_are_sent_as_such(cloud: ContainerInstances) -> None:
    cloud.target.start(order(environ={"A": "1"}))
    container = cloud.fake.groups[cloud.name(order())].body["properties"]["containers"][0]["properties"]
    assert container["environmentVariables"] == [
        {"name": "A", "value": "1"},
        {"name": "API_KEY", "secureValue": SECRET},
    ]


def test_without_a_login_the_line_says_how_to_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    def refused(_: DefaultAzureCredential, *scopes: str, **__: object) -> None:
        assert scopes == ("https://management.usgovcloudapi.net/.default",)
        raise ClientAuthenticationError("DefaultAzureCredential failed to retrieve a token\nEnvironmentCredential: ...")

    monkeypatch.setattr(DefaultAzureCredential, "get_token", refused)
    target = open_aci(GROUP_PLACE, {"AZURE_RESOURCE_MANAGER": "https://management.usgovcloudapi.net"})
    with pytest.raises(UsageError) as caught:
        target.start(order())
    assert caught.value.line() == (
        "no login at Azure was found; az login, azure/login on GitHub, AzureCLI@2 in Azure Pipelines"
    )


def test_azure_that_is_not_there_is_one_line() -> None:
    slept: list[float] = []
    manager = ResourceManager("http://127.0.0.1:9", lambda: "a-token", sleep=slept.append)
    with pytest.raises(RemoteError, match="Azure refuses connections"):
        manager.get("/subscriptions/x")
    assert len(slept) == 3

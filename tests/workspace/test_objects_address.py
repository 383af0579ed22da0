"""URLs of workspaces in object storage: what they may say, and that they never carry a credential."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.workspace.objects.names import key_of, name_of
from mlops_ci.workspace.open import open_store


@pytest.mark.parametrize(
    "url",
    [
        "s3://models", "s3://models/team/a", "s3://my.bucket-1/p?endpoint=http://127.0.0.1:9000&region=eu-west-1",
        "az://models/team?account=acme", "az://models?account=acme&endpoint=https://acme.blob.core.chinacloudapi.cn",
        "az://$web", "gs://models_2/team", "gs://models/日本/x y?endpoint=https://storage.example.org/path",
    ],
)  # fmt: skip
def test_a_url_opens_and_is_shown_as_it_was_written(url: str, tmp_path: Path) -> None:
    assert open_store(url, tmp_path).url == url


@pytest.mark.parametrize("place", ["", "/prefix", "a", "-a-", "a b", "x" * 300, "ü-models", "a:b"])
def test_a_malformed_bucket_of_s3_is_a_usage_error(place: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bucket"):
        open_store(f"s3://{place}", tmp_path)


def test_a_url_is_shown_in_its_normal_form(tmp_path: Path) -> None:
    url = open_store("S3://models/team/?region=eu-west-1&endpoint=https%3A%2F%2Fhost%2F", tmp_path).url
    assert url == "s3://models/team?endpoint=https://host&region=eu-west-1"
    assert open_store(url, tmp_path).url == url


@pytest.mark.parametrize("place", ["", "/prefix", "a", "Under_score/", "-a-b", "a b", "x" * 300, "ü-models"])
@pytest.mark.parametrize("scheme", ["az", "gs"])
def test_a_malformed_bucket_is_a_usage_error(scheme: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(f"{scheme}://{place}", tmp_path)
    assert caught.value.exit_code == 2
    assert ("bucket" if scheme == "gs" else "container") in caught.value.what + str(caught.value.hint)


@pytest.mark.parametrize("prefix", ["../a", "a/../b", "/a", "a//b", "./a", "a/./b", "a\0b", "a//"])
def test_a_prefix_that_leads_elsewhere_is_a_usage_error(prefix: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a prefix"):
        open_store(f"s3://models/{prefix}", tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIDKEY:topsecret@models/a", "s3://models?secret_access_key=topsecret", "s3://models?account=topsecret",
        "az://models?account=acme&sig=topsecret", "az://models?account_key=topsecret", "gs://models?token=topsecret",
        "s3://models?endpoint=https://user:topsecret@host", "az://models?endpoint=https://host/a%3Fsig%3Dtopsecret",
        "gs://models?region=topsecret", "s3://models?topsecret",
    ],
)  # fmt: skip
def test_credentials_and_unknown_settings_are_refused_and_not_shown(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, tmp_path)
    assert "topsecret" not in caught.value.line() or url.endswith("?topsecret")
    assert "environment" in caught.value.line()


@pytest.mark.parametrize(
    "setting",
    [
        "endpoint=127.0.0.1:9000", "endpoint=ftp://host", "endpoint=", "endpoint=http://", "endpoint=http://a b",
        "endpoint=http://host:port", "region=", "region=eu west", "region=a&region=b", "endpoint=http://[::1",
    ],
)  # fmt: skip
def test_a_malformed_setting_is_a_usage_error(setting: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_store(f"s3://models?{setting}", tmp_path)


def test_a_malformed_endpoint_of_the_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    with pytest.raises(UsageError, match="not an endpoint") as caught:
        open_store("s3://models", tmp_path).get("a")
    assert caught.value.where == "AWS_ENDPOINT_URL"


def test_a_container_without_an_account_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no storage account") as caught:
        open_store("az://models?endpoint=http://127.0.0.1:1", tmp_path).get("a")
    assert "AZURE_STORAGE_ACCOUNT_NAME" in str(caught.value.hint)


def test_ordinary_keys_are_their_own_names() -> None:
    for key in ("models/m/log/00000000000000000001.json", "a b/日本.onnx", "x+y=z&q?#~*", ".hidden/..a"):
        assert name_of(key) == key


@pytest.mark.parametrize("key", ["a\\b", "a\nb", "100%", "%2e", "a./b", "...", " a", "a /b", "\x7f", "\ufffe", "%"])
def test_a_fragile_key_gets_a_name_that_leads_back_to_it(key: str) -> None:
    name = name_of(key)
    assert key_of(name) == key
    assert name != key
    assert name.isprintable()
    assert "\\" not in name

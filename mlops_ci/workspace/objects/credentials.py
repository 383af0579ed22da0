"""Who we are to a storage: what the environment says that obstore does not find by itself, and no waiting for nobody.

obstore reads the usual variables, exchanges tokens and renews what expires. Left alone it asks the instance metadata
service of a cloud last, and on a machine outside of that cloud keeps asking for minutes: so we ask first, once.
"""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from mlops_ci.errors import MissingExtraError, RemoteError
from mlops_ci.workspace.objects.address import Address
from mlops_ci.workspace.objects.errors import no_credentials

_METADATA_SECONDS = 2.0
_AZURE = (
    "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY", "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_TOKEN", "AZURE_STORAGE_CLIENT_SECRET", "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE", "AZURE_MSI_ENDPOINT", "AZURE_IDENTITY_ENDPOINT", "AZURE_USE_AZURE_CLI",
    "AZURE_SKIP_SIGNATURE", "AZURE_CREDENTIAL_TYPE", "AZURE_STORAGE_USE_EMULATOR", "AZURE_FABRIC_SESSION_TOKEN",
)  # fmt: skip
_GOOGLE = (
    "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SKIP_SIGNATURE",
)  # fmt: skip
_GOOGLE_NATIVE = frozenset({"service_account", "authorized_user"})


def credentials_for(address: Address, environ: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of obstore's store that concern credentials, beyond what it reads from the environment.

    Raises:
        RemoteError: nothing says who we are.
        MissingExtraError: what says so needs a package that is not installed.
    """
    chains = {"s3": _amazon, "az": _azure, "gs": _google}
    return chains[address.service.scheme](address, environ)


def extra_for(scheme: str, environ: Mapping[str, str]) -> str | None:
    """The extra without which the credentials for a storage could not be read; None if there is no need of one."""
    if scheme == "s3" and _amazon_source(environ) == "profile":
        return "aws"
    if scheme == "gs" and (file := _google_file(environ)) is not None:
        return "google" if (_kind(file) or "service_account") not in _GOOGLE_NATIVE else None
    return None


def _amazon_source(environ: Mapping[str, str]) -> Literal["environment", "profile", "instance"]:
    def among(*names: str) -> bool:
        return any(environ.get(name) for name in names)

    if among("AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE"):
        return "environment"
    if among("AWS_PROFILE"):
        return "profile"
    if among(
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    ):
        return "environment"
    home = Path(environ.get("HOME", "/"))
    shared = (
        Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws/credentials"),
        Path(environ.get("AWS_CONFIG_FILE") or home / ".aws/config"),
    )
    return "profile" if any(file.is_file() for file in shared) else "instance"


def _amazon(address: Address, environ: Mapping[str, str]) -> dict[str, Any]:
    source = _amazon_source(environ)
    if source == "environment":
        return {}
    if source == "profile":
        return _from_profile(address)
    endpoint = environ.get("AWS_METADATA_ENDPOINT") or "http://169.254.169.254"
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true" or not _answers(
        "PUT", f"{endpoint}/latest/api/token", lifetime
    ):
        raise no_credentials(address)
    return {}


def _from_profile(address: Address) -> dict[str, Any]:
    try:
        boto3 = importlib.import_module("boto3")
        botocore = importlib.import_module("botocore.exceptions")
    except ImportError as error:
        raise MissingExtraError("reading AWS profiles", "aws") from error
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        session = boto3.Session()
        provider = Boto3CredentialProvider(session)
    except (botocore.BotoCoreError, ValueError) as error:
        raise RemoteError(
            f"the AWS profile gives no credentials: {error}", where=address.url, hint="correct AWS_PROFILE, or log in"
        ) from error
    return {"credential_provider": provider}


def _azure(address: Address, environ: Mapping[str, str]) -> dict[str, Any]:
    if any(environ.get(name) for name in _AZURE):
        return {}
    if shutil.which("az", path=environ.get("PATH")):
        return {"use_azure_cli": True}
    url = "http://169.254.169.254/metadata/instance?api-version=2021-02-01"
    if not _answers("GET", url, {"Metadata": "true"}):
        raise no_credentials(address)
    return {}


def _google(address: Address, environ: Mapping[str, str]) -> dict[str, Any]:
    if any(environ.get(name) for name in _GOOGLE):
        return {}
    if (file := _google_file(environ)) is not None:
        return _from_google_file(file, address)
    host = environ.get("GCE_METADATA_HOST") or environ.get("GCE_METADATA_ROOT") or "metadata.google.internal"
    if not _answers("GET", f"http://{host}/computeMetadata/v1/", {"Metadata-Flavor": "Google"}):
        raise no_credentials(address)
    return {}


def _google_file(environ: Mapping[str, str]) -> Path | None:
    if any(environ.get(name) for name in _GOOGLE):
        return None
    if named := environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return Path(named)
    default = Path(environ.get("HOME", "/"), ".config/gcloud/application_default_credentials.json")
    return default if default.is_file() else None


def _kind(file: Path) -> str | None:
    """The type of Google credentials; None where the file tells none."""
    try:
        kind = json.loads(file.read_text("utf-8")).get("type")
    except (OSError, ValueError, AttributeError):
        return None
    return kind if isinstance(kind, str) else None


def _from_google_file(file: Path, address: Address) -> dict[str, Any]:
    """Nothing to add for the kinds obstore knows; google-auth for the others, workload identity above all."""
    try:
        kind = json.loads(file.read_text("utf-8")).get("type")
    except (OSError, ValueError, AttributeError) as error:
        raise RemoteError(
            "the Google credentials cannot be read",
            where=str(file),
            hint=f"set {address.service.credentials}",
        ) from error
    if kind in _GOOGLE_NATIVE:
        return {}
    try:
        auth = importlib.import_module("google.auth")
        pools = importlib.import_module("google.auth.identity_pool")
        from obstore.auth.google import GoogleCredentialProvider
    except ImportError as error:
        raise MissingExtraError(f"Google credentials of the type {kind}", "google") from error
    scopes = ["https://www.googleapis.com/auth/devstorage.read_write"]
    try:
        if kind == "external_account":  # the general loader would ask yet another service for the project
            found = pools.Credentials.from_file(str(file), scopes=scopes)
        else:
            found, _ = auth.default(scopes=scopes)
    except auth.exceptions.GoogleAuthError as error:
        raise RemoteError(f"the Google credentials are unusable: {error}", where=str(file)) from error
    return {"credential_provider": GoogleCredentialProvider(found)}


def _answers(method: str, url: str, headers: dict[str, str]) -> bool:
    import requests

    session = requests.Session()
    session.trust_env = False  # it is never behind a proxy
    with session, suppress(requests.RequestException):
        return session.request(method, url, headers=headers, timeout=_METADATA_SECONDS).status_code == 200
    return False

"""From an address and the environment to obstore's client of a storage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from obstore import store
from obstore.exceptions import BaseError

import mlops_ci
from mlops_ci.errors import UsageError
from mlops_ci.workspace.objects.address import Address, endpoint_of
from mlops_ci.workspace.objects.credentials import credentials_for
from mlops_ci.workspace.objects.patience import Patience

Client = store.S3Store | store.AzureStore | store.GCSStore


def connect(address: Address, patience: Patience, environ: Mapping[str, str] = os.environ) -> tuple[Client, Client]:
    """Open two clients: one for small requests, one whose requests may take as long as a part of a big file does.

    No request is made but for credentials of the machine itself.

    Raises:
        UsageError: a setting is missing or malformed.
        RemoteError: there are no credentials.
    """
    endpoint = endpoint_of(address, environ)
    options: dict[str, Any] = {
        "retry_config": patience.retry_config(),
        **_settings(address, endpoint, environ),
        **credentials_for(address, environ),
    }
    client: dict[str, Any] = {
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
        "connect_timeout": f"{int(patience.connect * 1000)}ms",
        "user_agent": f"mlops-ci/{mlops_ci.__version__}",
    }
    try:
        small, bulk = (
            _open(address, {**options, "client_options": {**client, "timeout": f"{int(seconds * 1000)}ms"}})
            for seconds in (patience.small, patience.bulk)
        )
    except (BaseError, ValueError) as error:
        # Its text may quote what stands in a variable.
        raise UsageError(
            f"the settings of {address.service.name} are unusable ({type(error).__name__})",
            where=address.url,
            hint=f"look at the environment: {address.service.credentials}",
        ) from error
    return small, bulk


def _open(address: Address, options: dict[str, Any]) -> Client:
    match address.service.scheme:
        case "s3":
            # Deletions one by one: not every storage that speaks S3 takes them in bulk.
            return store.S3Store(address.bucket, conditional_put="etag", disable_bulk_delete=True, **options)
        case "az":
            return store.AzureStore(address.bucket, **options)
        case _:
            return store.GCSStore(address.bucket, **options)


def _settings(address: Address, endpoint: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if endpoint:
        chosen["base_url" if address.service.scheme == "gs" else "endpoint"] = endpoint
    if "region" in address.settings:
        chosen["region"] = address.settings["region"]
    if address.service.scheme == "az":
        names = ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT")
        account = address.settings.get("account") or next((environ[name] for name in names if environ.get(name)), None)
        if not account:
            raise UsageError(
                "no storage account is named",
                where=address.url,
                hint="add ?account=NAME to the URL, or set AZURE_STORAGE_ACCOUNT_NAME",
            )
        chosen["account_name"] = account
    return chosen

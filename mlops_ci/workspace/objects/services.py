"""What differs between the services, as far as people see it: names, limits, permissions, variables."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of object storage.

    ``parameters`` are what its URL takes after the question mark; ``permissions`` name what an action needs.
    """

    scheme: str
    name: str
    bucket: str
    bucket_names: re.Pattern[str]
    parameters: tuple[str, ...]
    credentials: str
    permissions: dict[str, str]


SERVICES = {
    service.scheme: service
    for service in (
        Service(
            scheme="s3",
            name="S3",
            bucket="bucket",
            bucket_names=re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]"),
            parameters=("endpoint", "region"),
            credentials="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role by OpenID Connect",
            permissions={
                "read": "s3:GetObject (and s3:ListBucket, without which a missing object looks like a forbidden one)",
                "write": "s3:PutObject",
                "list": "s3:ListBucket",
                "delete": "s3:DeleteObject",
            },
        ),
        Service(
            scheme="az",
            name="Azure Blob Storage",
            bucket="container",
            bucket_names=re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]|\$web"),
            parameters=("account", "endpoint"),
            credentials="AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, AZURE_CLIENT_ID with AZURE_TENANT_ID and "
            "a secret or federated token, or az login",
            permissions={
                "read": "the role Storage Blob Data Reader",
                "write": "the role Storage Blob Data Contributor",
                "list": "the role Storage Blob Data Reader",
                "delete": "the role Storage Blob Data Contributor",
            },
        ),
        Service(
            scheme="gs",
            name="Google Cloud Storage",
            bucket="bucket",
            bucket_names=re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"),
            parameters=("endpoint",),
            credentials="GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT_KEY, or gcloud auth "
            "application-default login",
            permissions={
                "read": "storage.objects.get",
                "write": "storage.objects.create (and storage.objects.delete to replace one)",
                "list": "storage.objects.list",
                "delete": "storage.objects.delete",
            },
        ),
    )
}

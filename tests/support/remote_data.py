"""Objects in a storage of the tests, written as somebody else would."""

from __future__ import annotations

import os

import obstore

from mlops_ci.workspace.objects.address import parse_address
from mlops_ci.workspace.objects.connect import connect
from mlops_ci.workspace.objects.patience import Patience
from tests.parts.bucket import Bucket


def put(bucket: Bucket, name: str, text: str) -> None:
    """Write an object, replacing what is there."""
    client, _ = connect(parse_address(bucket.url()), Patience(), os.environ)
    obstore.put(client, name, text.encode())


def delete(bucket: Bucket, name: str) -> None:
    """Delete an object."""
    client, _ = connect(parse_address(bucket.url()), Patience(), os.environ)
    obstore.delete(client, name)

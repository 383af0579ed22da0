"""Images as folders: the OCI image layout, which other tools read.

https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlops_ci.edge.files import clone
from mlops_ci.errors import ConflictError, IntegrityError, UsageError
from mlops_ci.packaging import oci
from mlops_ci.packaging.assembly import Assembly
from mlops_ci.packaging.oci import Descriptor, Document
from mlops_ci.packaging.publishing import Attachment
from mlops_ci.records.digest import digest_of_bytes, hexadecimal

_INDEX = "index.json"
_VERSION = ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')


def write_layout(
    folder: Path, assembly: Assembly, layers: Mapping[str, Path], attachments: Sequence[Attachment], name: str
) -> None:
    """Write an image as a folder, whole or not at all.

    Args:
        folder: there must be nothing, or an older layout, which is replaced.
        assembly: the image.
        layers: the files of all its layers, by digest.
        attachments: what goes with it.
        name: the tag by which tools find it.

    Raises:
        ConflictError: something else is in the way.
    """
    if folder.exists() and not (folder / _VERSION[0]).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError("something else is there", where=str(folder), hint="name an empty folder")
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    blobs = partial / "blobs" / "sha256"
    try:
        blobs.mkdir(parents=True)
        for digest, path in layers.items():
            clone(path, blobs / hexadecimal(digest))
        subject = assembly.manifest.descriptor
        manifests = [each.manifest(subject) for each in attachments]
        documents = [assembly.manifest, assembly.config, *manifests]
        documents += [Document(each.kind, each.data) for each in attachments]
        documents += [Document(oci.EMPTY, oci.EMPTY_DOCUMENT)] if attachments else []
        for document in documents:
            (blobs / hexadecimal(document.digest)).write_bytes(document.data)
        described = Descriptor(
            subject.media_type, subject.digest, subject.size, {"org.opencontainers.image.ref.name": name}
        )
        attached = [
            Descriptor(one.media_type, one.digest, len(one.data), {}, each.kind)
            for one, each in zip(manifests, attachments, strict=True)
        ]
        # The image first: tools that take one of several take that.
        index = {
            "schemaVersion": 2,
            "mediaType": oci.INDEX,
            "manifests": [d.document() for d in (described, *attached)],
        }
        (partial / _INDEX).write_bytes(oci.document(oci.INDEX, index).data)
        (partial / _VERSION[0]).write_bytes(_VERSION[1])
        if folder.exists():
            old = partial.with_name(f"{partial.name}.old")
            folder.replace(old)
            partial.replace(folder)
            shutil.rmtree(old)
        else:
            partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class Layout:
    """An image layout that is there, to be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def manifests(self) -> tuple[Descriptor, ...]:
        """What is in it.

        Raises:
            UsageError: the folder is no image layout.
        """
        where = str(self._folder)
        try:
            data = (self._folder / _INDEX).read_bytes()
        except OSError as error:
            hint = "write one with mlops-ci image build --output"
            raise UsageError("not the folder of an image", where=where, hint=hint) from error
        return oci.descriptors(oci.read_document(data, where), "manifests", where)

    def blob(self, digest: str) -> bytes:
        """A small blob.

        Raises:
            IntegrityError: it is missing, or has other bytes.
        """
        path = self._folder / "blobs" / "sha256" / hexadecimal(digest)
        data = path.read_bytes() if path.is_file() else b""
        if digest_of_bytes(data) != digest:
            hint = "build the image again"
            raise IntegrityError(
                "a blob is missing or has other bytes than its digest says", where=str(path), hint=hint
            )
        return data

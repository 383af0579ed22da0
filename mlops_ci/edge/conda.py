"""Solves, locks and installs conda environments with rattler; the one place that knows the library."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import IntegrityError, MissingExtraError, RemoteError, UsageError
from mlops_ci.project.conda import CondaFile
from mlops_ci.records.digest import PREFIX

T = TypeVar("T")
_NETWORK = re.compile(r"connect|timed? ?out|dns|tls|certificate|status code|5\d\d|network", re.IGNORECASE)
_OTHER_BYTES = "somebody replaced the package; lock the environment again if that is right"
# What a Linux has that programs are built for today; it is what we know of a platform that is not ours.
_OTHER_LINUX = {"__glibc": "2.28", "__linux": "5.4", "__unix": "0"}


@dataclass(frozen=True, slots=True)
class CondaPackage:
    """A locked package."""

    name: str
    version: str
    build: str
    url: str
    sha256: str | None
    license: str | None


def this_platform() -> str:
    """What conda calls this platform, such as ``linux-64``."""
    with _rattler("finding out the platform") as rattler:
        return str(rattler.Subdir.current())


def solve(wanted: CondaFile, platforms: Sequence[str], *, cache: Path, where: str) -> str:
    """Solve an environment, and return its lock in the format of rattler and pixi.

    Args:
        wanted: the environment.
        platforms: for which, such as ``linux-64``.
        cache: where the channels' indexes are kept.
        where: the file, for messages.

    Raises:
        UsageError: it cannot be solved, or a name is none.
        RemoteError: a channel cannot be read.
    """
    with _rattler(where) as rattler, scratch_folder() as scratch:
        channels = [rattler.Channel(name) for name in wanted.channels]
        client = rattler.Client.default_client(user_agent="mlops-ci")
        gateway = rattler.Gateway(cache_dir=cache / "repodata", client=client)
        lock = rattler.LockFile([rattler.LockPlatform(platform) for platform in platforms])
        lock.set_channels("default", [rattler.LockChannel(channel.base_url) for channel in channels])
        for platform in platforms:
            solving = partial(
                rattler.solve,
                channels,
                list(wanted.specs),
                gateway=gateway,
                platforms=[platform, "noarch"],
                virtual_packages=_virtual_packages(rattler, platform),
            )
            for record in sorted(_wait(solving), key=lambda record: str(record.name.normalized)):
                lock.add_conda_package("default", rattler.LockPlatform(platform), record)
        lock.to_path(scratch / "lock.yml")
        return (scratch / "lock.yml").read_text("utf-8")


def packages(lock: str, platform: str, *, where: str) -> tuple[CondaPackage, ...]:
    """The packages that a lock has for a platform, by name.

    Raises:
        UsageError: it has none for this platform.
        IntegrityError: it is damaged.
    """
    with _rattler(where) as rattler:
        return tuple(
            CondaPackage(
                name=record.name.normalized,
                version=str(record.version),
                build=str(record.build),
                url=record.url,
                sha256=record.sha256.hex() if record.sha256 else None,
                license=record.license,
            )
            for record in _records(rattler, lock, platform, where)
        )


def install(lock: str, platform: str, prefix: Path, *, cache: Path, where: str, final: str | None = None) -> None:
    """Install a lock's packages into a new folder. Their scripts are not run.

    Args:
        lock: the lock.
        platform: which of its platforms.
        prefix: the folder.
        cache: where downloaded packages are kept.
        where: the file, for messages.
        final: where the folder will lie when it is used, if elsewhere; programs in it are made for that place.

    Raises:
        UsageError: the lock has nothing for the platform.
        RemoteError: a package cannot be fetched.
        IntegrityError: a package is not what the lock says.
    """
    with _rattler(where) as rattler:
        records = _records(rattler, lock, platform, where)
        _require_local_files(records, where)
        _wait(
            lambda: rattler.install(
                records,
                prefix,
                cache_dir=cache / "packages",
                installed_packages=[],
                platform=rattler.Subdir(platform),
                execute_link_scripts=False,
                show_progress=False,
                client=rattler.Client.default_client(user_agent="mlops-ci"),
                alternative_target_prefix=final,
            )
        )


def _records(rattler: Any, lock: str, platform: str, where: str) -> list[Any]:
    with scratch_folder() as scratch:
        file = scratch / "lock.yml"
        file.write_text(lock, "utf-8")
        try:
            environment = rattler.LockFile.from_path(file).default_environment()
        except Exception as error:
            raise IntegrityError(f"the lock cannot be read: {_reason(error)}", where=where) from error
    of = {str(one.name if hasattr(one, "name") else one): one for one in environment.platforms()} if environment else {}
    if platform not in of:
        known = ", ".join(sorted(of)) or "none"
        raise UsageError(f"the lock has nothing for {platform}", where=where, hint=f"it has: {known}; lock it again")
    records = environment.conda_repodata_records_for_platform(of[platform]) or []
    return sorted(records, key=lambda record: str(record.name.normalized))


def _require_local_files(records: Sequence[Any], where: str) -> None:
    """Check the files of a local channel; of those that it downloads, the library checks the digest itself.

    Raises:
        IntegrityError: one is not what the lock says.
    """
    for record in records:
        address = urlsplit(record.url)
        if address.scheme == "file" and record.sha256:
            file = Path(unquote(address.path))
            if file.exists() and digest_of_file(file) != PREFIX + record.sha256.hex():
                raise IntegrityError(f"{file.name} is not what the lock says", where=where, hint=_OTHER_BYTES)


def _virtual_packages(rattler: Any, platform: str) -> list[Any]:
    if platform == str(rattler.Subdir.current()):
        return [package.into_generic() for package in rattler.VirtualPackage.detect()]
    if not platform.startswith("linux"):
        return []
    return [
        rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), "0")
        for name, version in _OTHER_LINUX.items()
    ]


def _wait(start: Callable[[], Awaitable[T]]) -> T:
    async def until_done() -> T:
        return await start()

    return asyncio.run(until_done())


@contextmanager
def _rattler(where: str) -> Iterator[Any]:
    """The library; what it raises becomes an error of ours."""
    try:
        import rattler
        from rattler.exceptions import GatewayError, InstallerError, SolverError
    except ImportError:
        raise MissingExtraError("a conda environment", "conda") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the gateway has to say about channels
        try:
            yield rattler
        except SolverError as error:
            hint = "change the versions, or the channels"
            raise UsageError(f"the environment cannot be solved: {_reason(error)}", where=where, hint=hint) from error
        except (GatewayError, InstallerError) as error:
            reason = _reason(error)
            if "hash" in reason or "sha256" in reason:
                raise IntegrityError(
                    f"a package is not what the lock says: {reason}", where=where, hint=_OTHER_BYTES
                ) from error
            hint = "try again later" if _NETWORK.search(reason) else "check the channels"
            raise RemoteError(f"a conda channel cannot be read: {reason}", where=where, hint=hint) from error
        except Exception as error:
            if type(error).__module__ not in {"exceptions", "rattler.exceptions"}:
                raise
            raise UsageError(_reason(error), where=where, hint="mend the environment") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:600]

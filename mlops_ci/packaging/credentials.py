"""Who we are to a registry: variables, or what ``docker login`` has left.

``MLOPS_CI_REGISTRY_USER`` and ``MLOPS_CI_REGISTRY_PASSWORD`` are for the registry that is pushed to. Otherwise it is
as with Docker: ``config.json`` names a helper, a program that is asked on its standard input, or has the credential.
https://docs.docker.com/reference/cli/docker/login/
"""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.packaging.reference import DOCKER_HUB

USER, PASSWORD = "MLOPS_CI_REGISTRY_USER", "MLOPS_CI_REGISTRY_PASSWORD"
_HUB_KEY = "https://index.docker.io/v1/"
_TOKEN_USER = "<token>"  # noqa: S105 - how helpers say that the secret is an identity token
_HELPER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a password; or an identity token, which a token service changes for others."""

    user: str
    secret: str = field(repr=False)
    is_token: bool = False

    @property
    def basic(self) -> str:
        """As the value of the header ``Authorization``."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()


class Credentials:
    """Finds the credential for a registry.

    Args:
        environ: the environment variables.
        target: the registry that the variables are for; None for none.
    """

    def __init__(self, environ: Mapping[str, str], target: str | None = None) -> None:
        self._environ = environ
        self._target = target

    def find(self, registry: str) -> Credential | None:
        """The credential for a registry; None where there is none.

        Raises:
            UsageError: Docker's configuration or the variables cannot be understood.
            RemoteError: a helper failed.
        """
        user, password = self._environ.get(USER), self._environ.get(PASSWORD)
        if registry == self._target and (user or password):
            if not (user and password):
                raise UsageError(f"one of {USER} and {PASSWORD} is set without the other", hint="set both")
            return Credential(user, password)
        file = self._file()
        try:
            config = json.loads(file.read_bytes()) if file and file.is_file() else {}
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError("Docker's configuration cannot be read", where=str(file), hint="mend it") from error
        return _of_config(config, registry, self._environ) if isinstance(config, dict) else None

    def _file(self) -> Path | None:
        if folder := self._environ.get("DOCKER_CONFIG"):
            return Path(folder) / "config.json"
        home = self._environ.get("HOME")
        return Path(home) / ".docker" / "config.json" if home else None


def _of_config(config: Mapping[str, Any], registry: str, environ: Mapping[str, str]) -> Credential | None:
    names = [_HUB_KEY, DOCKER_HUB] if registry == DOCKER_HUB else [registry, f"https://{registry}"]
    helpers, auths = _mapping(config, "credHelpers"), _mapping(config, "auths")
    for name in names:
        if isinstance(helper := helpers.get(name), str):
            return _ask(helper, name, environ)
    for name in names:
        entry = auths.get(name)
        if isinstance(entry, dict) and (found := _of_entry(entry, name)):
            return found
    store = config.get("credsStore")
    return _ask(store, names[0], environ) if isinstance(store, str) and store else None


def _of_entry(entry: Mapping[str, Any], name: str) -> Credential | None:
    token, encoded = entry.get("identitytoken"), entry.get("auth")
    if isinstance(token, str) and token:
        return Credential(_TOKEN_USER, token, is_token=True)
    if not isinstance(encoded, str) or not encoded:
        return None
    try:
        user, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise UsageError("Docker's configuration has a bad credential", where=name, hint="run docker login again")
    return Credential(user, secret)


def _ask(helper: str, name: str, environ: Mapping[str, str]) -> Credential | None:
    program = f"docker-credential-{helper}"
    if "/" in helper:
        raise UsageError(
            "not the name of a credential helper", where=repr(helper[:60]), hint="mend Docker's config.json"
        )
    hint = "log in again, or mend Docker's config.json"
    try:
        done = subprocess.run(
            [program, "get"],
            input=name.encode(),
            env=dict(environ),
            capture_output=True,
            timeout=_HELPER_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise UsageError(f"{program}, which Docker's configuration names, is not installed", hint=hint) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RemoteError(f"{program} does not work", where=name, hint=hint) from error
    if done.returncode:
        if b"credentials not found" in done.stdout + done.stderr:
            return None
        # Nothing of what it says: that may be the credential.
        raise RemoteError(f"{program} failed with exit code {done.returncode}", where=name, hint=hint)
    try:
        found = json.loads(done.stdout)
        user, secret = found["Username"], found["Secret"]
    except (ValueError, KeyError, TypeError):
        raise RemoteError(f"{program} answered with something else than a credential", where=name, hint=hint) from None
    return Credential(str(user), str(secret), is_token=user == _TOKEN_USER)


def _mapping(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}

"""The remote that a workspace's URL means, and how the user's git reaches it."""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from mlops_ci.edge.git import Git
from mlops_ci.errors import RemoteError, UsageError

OWN_REF = "refs/mlops-ci/workspace"
BRANCH = "refs/heads/mlops-ci"
REMOTE = "workspace"
_OLDEST = (2, 31)  # the first to take configuration from the environment by GIT_CONFIG_COUNT
_REACHING = r"^(http|credential|ssh|protocol)\.|^core\.(sshcommand|askpass|gitproxy)$"
_TOKEN_LENGTH = 20  # a longer name without a password is a token, and no name
_SCP_LIKE = re.compile(r"[^/:]+:(?!//)")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the workspace lies.

    ``refs`` are the refs it may have, the preferred one first; the environment may hold secrets.
    """

    url: str
    shown: str
    refs: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def host(self) -> str:
        """The name of its host; empty for a path."""
        if "://" in self.url:
            return urlsplit(self.url).hostname or ""
        return self.url.partition(":")[0].rpartition("@")[2] if _SCP_LIKE.match(self.url) else ""


def find_remote(text: str, folder: Path, environ: Mapping[str, str], lent: Mapping[str, str] | None = None) -> Remote:
    """Find the remote of ``git+NAME`` or ``git+URL``; either may end in ``#refs/…``.

    Args:
        text: the URL of the workspace.
        folder: where it is said; for a remote's name, inside the checkout.
        environ: the environment variables.
        lent: settings with which the job's host reaches the checkout's remotes; credentials of the user go before.

    Raises:
        UsageError: there is no such remote, or what is said about it cannot be.
        RemoteError: git is missing or too old.
    """
    address, mark, ref = text.removeprefix("git+").partition("#")
    if mark and not re.fullmatch(r"refs/[^\s~^:?*\[\\]+", ref):
        raise UsageError("not the full name of a ref", where=text, hint="write #refs/heads/NAME or #refs/NAME")
    here = Git(folder)
    _require_new_enough(here)
    top = here.ask("rev-parse", "--show-toplevel")
    if "://" not in address:
        _require_name(here, address, text, folder)
    elif _credentials(address):
        hint = "leave them out; git asks its credential helper, or reads http.extraHeader"
        raise UsageError("credentials have no place in the workspace's URL", where="workspace", hint=hint)
    # What git makes of it by the user's url.*.insteadOf.
    given = here.run("ls-remote", "--get-url", "--", address).decode("utf-8", "surrogateescape").strip()
    if "://" not in given and not _SCP_LIKE.match(given):
        given = str(Path(top or folder, given).resolve())
    url, secret = _without_credentials(given)
    own = [*_settings_of(here, folder), *secret]
    named = "://" not in address
    if lent and named and not _authorises([*_listed(Git(folder, {"GIT_DIR": os.devnull})), *own], url):
        # git would carry the header along to wherever the server sends it, and what is lent is for that server alone.
        own += [*lent.items(), (f"http.{url}.followRedirects", "false")]
    return Remote(
        url=url,
        shown=f"git+{url if '://' in url else f'ssh://{url}' if _SCP_LIKE.match(url) else f'file://{url}'}{mark}{ref}",
        refs=(ref,) if ref else (OWN_REF, BRANCH),
        environment={
            **_never_asking(here, environ),
            **as_environment([*_remote(url), *own, *_OURS], environ),
        },
    )


def as_environment(pairs: Pairs, environ: Mapping[str, str]) -> dict[str, str]:
    """Configuration as git reads it from the environment, after what is there already."""
    count = environ.get("GIT_CONFIG_COUNT", "")
    start = int(count) if count.isdecimal() else 0
    variables = {"GIT_CONFIG_COUNT": str(start + len(pairs))}
    for number, (name, value) in enumerate(pairs, start):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


# The settings of our own repository. They come last, and so win over whatever the user has set for theirs.
_OURS: Pairs = [
    ("core.bigFileThreshold", "1m"),  # larger files are streamed, not held in memory
    ("core.compression", "1"),  # what is large here seldom gets smaller
    ("core.hooksPath", os.devnull),
    ("core.logAllRefUpdates", "false"),
    ("fetch.fsckObjects", "false"),
    ("fetch.prune", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("gc.auto", "0"),  # many processes share the repository; nothing in it may vanish
    ("log.showSignature", "false"),
    ("maintenance.auto", "false"),
    ("push.followTags", "false"),
    ("push.gpgSign", "false"),
    ("push.recurseSubmodules", "no"),
    ("transfer.fsckObjects", "false"),
]


def _remote(url: str) -> Pairs:
    return [
        (f"remote.{REMOTE}.url", url),
        (f"remote.{REMOTE}.pushurl", url),
        # A partial clone. Only fetching is told so: nothing else may fetch what is missing one by one.
        (f"remote.{REMOTE}.tagOpt", "--no-tags"),
        # The longest match wins: the user's rewriting has been done, and must not be done to its own result.
        (f"url.{url}.insteadOf", url),
        ("http.lowSpeedLimit", "1"),
        ("http.lowSpeedTime", "300"),
    ]


def _require_name(here: Git, name: str, text: str, folder: Path) -> None:
    answer = here.attempt("rev-parse", "--git-dir")
    if "dubious ownership" in answer.errors:
        hint = f"the folder has another owner: git config --global --add safe.directory {folder.absolute()}"
        raise UsageError(answer.reason, where=str(folder), hint=hint)
    if answer.code:
        hint = "run it inside the checkout, or write git+https://… or git+ssh://…"
        raise UsageError(f"{text} is a remote of a checkout, and this is none", where=str(folder), hint=hint)
    if here.ask("config", "--get", f"remote.{name}.url") is None:
        remotes = (here.ask("remote") or "").split()
        hint = f"its remotes are: {', '.join(remotes)}" if remotes else "add one with git remote add"
        raise UsageError(f"the checkout has no remote {name!r}", where=text, hint=hint)


def _require_new_enough(here: Git) -> None:
    said = here.run("version").decode()
    found = re.search(r"(\d+)\.(\d+)", said)
    if found and (int(found[1]), int(found[2])) < _OLDEST:
        needed = ".".join(map(str, _OLDEST))
        raise RemoteError(f"{said.strip()} is too old", hint=f"install git {needed} or newer")


def _settings_of(here: Git, folder: Path) -> Pairs:
    """What the user's repository adds to the settings that git reads everywhere.

    Only what it adds: a header that is given twice is sent twice, and refused.
    """
    everywhere = Counter(_listed(Git(folder, {"GIT_DIR": os.devnull})))
    added = []
    for pair in _listed(here):
        if everywhere[pair]:
            everywhere[pair] -= 1
        else:
            added.append(pair)
    return added


def _authorises(pairs: Iterable[tuple[str, str]], url: str) -> bool:
    """Whether settings bring a credential for a URL already: a server refuses two."""
    for name, value in pairs:
        section, _, key = name.rpartition(".")
        place = section.partition(".")[2]
        if key.lower() == "extraheader" and value.lower().startswith("authorization:") and url.startswith(place):
            return True
    return False


def _listed(git: Git) -> Iterable[tuple[str, str]]:
    output = git.attempt("config", "--includes", "-z", "--get-regexp", _REACHING).output
    for entry in output.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            name, has_value, value = entry.partition("\n")
            yield name, value if has_value else "true"


def _never_asking(here: Git, environ: Mapping[str, str]) -> dict[str, str]:
    """Nobody is there to answer a prompt."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "SSH_ASKPASS": ""}
    chosen = environ.get("GIT_SSH_COMMAND") or environ.get("GIT_SSH") or here.ask("config", "--get", "core.sshCommand")
    if not chosen:
        quiet["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=30"
    return quiet


def _credentials(url: str) -> bool:
    parts = urlsplit(url)
    return parts.password is not None or (
        parts.scheme in {"http", "https"} and len(parts.username or "") >= _TOKEN_LENGTH
    )


def _without_credentials(url: str) -> tuple[str, Pairs]:
    """A URL without its secrets, and the same as a header; ``git-remote-https`` has the URL in its arguments."""
    if "://" not in url or not _credentials(url):
        return url, []
    parts = urlsplit(url)
    over_http = parts.scheme in {"http", "https"}
    place = parts.netloc.rpartition("@")[2]
    place = place if over_http or not parts.username else f"{parts.username}@{place}"
    bare = urlunsplit(SplitResult(parts.scheme, place, parts.path, parts.query, ""))
    if not over_http:
        return bare, []
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    header = f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}"
    return bare, [(f"http.{bare}.extraHeader", header)]

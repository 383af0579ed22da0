"""What git and its hosts say when something fails, as our errors."""

from __future__ import annotations

import re
from enum import Enum

from mlops_ci.edge.git import Answer
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.workspace.git.settings import Remote

MEBIBYTE = 1 << 20
LIMITS = {"github.com": 100 * MEBIBYTE}
"""Hosts that refuse larger files."""

_TOO_LARGE = re.compile(
    r"GH001|exceeds .*file size limit|exceeds? the .*limit|larger than|too large|TF402462|VS403654|size limit"
    r"|exceeds maximum allowed size|returned error: 413",
    re.IGNORECASE,
)
_RACE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to lock|failed to update ref|incorrect old value"
    r"|unable to create .*\.lock|reference already exists|is at [0-9a-f]+ but expected|updated by another client",
    re.IGNORECASE,
)
_NO_WRITE = re.compile(
    r"returned error: 403|denied to|write access|not allowed to push|read.only|TF401027|insufficient permission"
    r"|not granted",
    re.IGNORECASE,
)
_NO_LOGIN = re.compile(
    r"Authentication failed|could not read (Username|Password)|terminal prompts disabled|Permission denied \("
    r"|returned error: 401|Invalid username or|Host key verification failed",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"Repository not found|repository '.*' not found|does not appear to be a git repository|TF401019"
    r"|returned error: 404|project you were looking for could not be found",
    re.IGNORECASE,
)
_DUMB = re.compile(r"dumb http|git-http-push|return code 22|not valid: is this a git repository", re.IGNORECASE)
_TLS = re.compile(r"SSL|TLS|certificate", re.IGNORECASE)
_NETWORK = re.compile(
    r"Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out|closed)|timed out"
    r"|early EOF|RPC failed|hung up|unexpected disconnect|returned error: (429|5\d\d)|Empty reply|GnuTLS recv"
    r"|expected flush|too slow|Recv failure|Send failure|bad band|protocol error|transfer closed|end of file",
    re.IGNORECASE,
)
_REJECTED = re.compile(r"^!\t[^\t]*\t\[(?:remote )?rejected\] \((.*)\)$", re.MULTILINE)
_REMOTE_SAYS = re.compile(r"^remote: (?:\s*(?:fatal|error):)?\s*(\S.*)$", re.MULTILINE)
_PERMISSION = (
    "the token may not write: GitHub Actions needs permissions: contents: write, "
    "Azure Pipelines the permission Contribute"
)
_shown = Redactor(())


class Refusal(Enum):
    """Why a push was not taken."""

    RACE = "somebody else was faster"
    NETWORK = "it is not known whether it was taken"
    TOO_LARGE = "a file is too large"
    REF = "the ref may not be written"
    REMOTE = "the remote cannot be used"


def refusal_of(answer: Answer) -> Refusal:
    """Why a push failed."""
    said = f"{answer.output.decode('utf-8', 'replace')}\n{answer.errors}"
    rejected = _REJECTED.search(said)
    if _TOO_LARGE.search(said):
        return Refusal.TOO_LARGE
    if rejected or "stale info" in said:
        # "a/b exists; cannot create a" does not pass.
        return Refusal.RACE if _RACE.search(said) and "cannot create" not in said else Refusal.REF
    if is_passing(answer):
        return Refusal.NETWORK
    return Refusal.REMOTE


def is_passing(answer: Answer) -> bool:
    """Whether the failure is one of the line, which may be gone at the next try."""
    if any(kind.search(answer.errors) for kind in (_NO_LOGIN, _ABSENT, _DUMB, _NO_WRITE)):
        return False
    return bool(_NETWORK.search(answer.errors)) and not re.search(r"certificate|unknown protocol", answer.errors)


def failure(answer: Answer, remote: Remote) -> MlopsError:
    """The error for a command that could not use the remote."""
    said, where = answer.errors, remote.shown
    if _DUMB.search(said):
        return not_smart(remote)
    if _NO_LOGIN.search(said):
        hint = (
            "give git a credential: in GitHub Actions by actions/checkout, in Azure Pipelines by "
            "checkout with persistCredentials: true, else by a credential helper or an ssh key"
        )
        return RemoteError(f"the remote does not let us in: {_reason(answer)}", where=where, hint=hint)
    if _NO_WRITE.search(said):
        return RemoteError(f"the remote may not be written: {_reason(answer)}", where=where, hint=_PERMISSION)
    if _ABSENT.search(said):
        hint = "check the URL; a private repository also looks like this without a credential"
        return RemoteError("there is no such repository, or it is not shown to us", where=where, hint=hint)
    if "mismatched algorithms" in said or "unsupported hash" in said:
        return UsageError("the remote is no SHA-1 repository", where=where, hint="choose another repository")
    hint = "check the certificate, and http.sslCAInfo" if _TLS.search(said) else "check the network and run again"
    return RemoteError(f"the remote failed: {_reason(answer)}", where=where, hint=hint)


def not_smart(remote: Remote) -> RemoteError:
    """The error for a server of mere files."""
    hint = "serve it by git http-backend, over ssh, or from a git host"
    return RemoteError("the remote does not speak git's smart protocol", where=remote.shown, hint=hint)


def rejection(answer: Answer, ref: str, remote: Remote) -> RemoteError:
    """The error for a ref that the remote does not let us write."""
    rejected = _REJECTED.search(answer.output.decode("utf-8", "replace"))
    why = rejected[1] if rejected else _reason(answer)
    words = next(iter(_REMOTE_SAYS.findall(answer.errors)), "")
    hint = "let this job push to that ref (branch protection, rulesets, hooks), or choose another with #refs/heads/…"
    return RemoteError(
        _shown(f"the remote refuses a push to {ref}: {why}{f' ({words.strip()})' if words else ''}"),
        where=remote.shown,
        hint=_PERMISSION if _NO_WRITE.search(f"{why} {words}") else hint,
    )


def too_large(path: str, size: int, remote: Remote, limit: int | None = None) -> RemoteError:
    """The error for a file over the host's limit."""
    most = f" of {limit // MEBIBYTE} MiB" if limit else ""
    return RemoteError(
        f"the file is over the git host's limit{most}: {path} has {size / MEBIBYTE:.1f} MiB",
        where=remote.shown,
        hint="keep the log in git and files elsewhere, workspace: {log: git+origin, files: s3://…}, or a smaller model",
    )


def _reason(answer: Answer) -> str:
    said = [words.strip() for words in _REMOTE_SAYS.findall(answer.errors)]
    return _shown(" ".join([answer.reason, *(f"({words})" for words in said[:1])]))

"""Twenty secrets given to a job, on every way that it can end: none of them is found anywhere afterwards."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from tests.journeys.github.world import World
from tests.parts.act import Ran
from tests.parts.need import soak

NAMES = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_SECRET", "AZURE_STORAGE_CONNECTION_STRING", "GOOGLE_API_KEY", "SHOP_TOKEN",
    "WEBHOOK_SECRET", "SLACK_WEBHOOK", "TOPIC_KEY", "MLFLOW_TRACKING_PASSWORD", "HF_TOKEN", "WANDB_API_KEY",
    "DATABASE_PASSWORD", "SNOWFLAKE_DSN", "NPM_TOKEN", "LICENSE_TEXT",
)  # fmt: skip
CANARIES = {name: f"canary{number:02d}+Zx9/{name.lower().replace('_', '')}=" for number, name in enumerate(NAMES)}
CANARIES["SLACK_WEBHOOK"] = "http://127.0.0.1:9/hooks/canary98Zx9slack"
# What the step is given, and prints in every way that somebody debugging it would.
SPILLS = """\
import base64, os, sys, urllib.parse
for name in ("DATABASE_PASSWORD", "LICENSE_TEXT", "HF_TOKEN"):
    value = os.environ.get(name, "")
    print(name, value, repr(value), base64.b64encode(value.encode()).decode(), urllib.parse.quote(value, safe=""))
    print(base64.b64encode(f"user:{value}".encode()).decode(), f"https://user:{value}@host/x", file=sys.stderr)
"""
STEP_ENV = "    env: [DATABASE_PASSWORD, LICENSE_TEXT, HF_TOKEN]\n"


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it is, in JSON, in an address, and in base64 wherever it begins."""
    yield secret.encode()
    yield json.dumps(secret)[1:-1].encode()
    yield quote(secret, safe="").encode()
    for lead, unstable in ((0, 0), (1, 2), (2, 3)):
        yield base64.b64encode(b"\0" * lead + secret.encode()).rstrip(b"=")[unstable:-2]


def everything_left(world: World, ran: Ran) -> Iterator[tuple[str, bytes]]:
    """All that remains of a run: log, what GitHub and others got, all objects of origin, all files that were made."""
    yield "log", "\n".join(line for line in ran.log.splitlines() if not asks_to_hide(line)).encode()
    for request in world.github.requests:
        yield f"{request.method} {request.path}", json.dumps(request.body).encode()
    for line in git(world, "--batch-check=%(objectname) %(objecttype)").decode().splitlines():
        name, _, kind = line.partition(" ")
        yield f"origin {name}", unpacked(git(world, kind, name))
    for folder in ("machine-*/work", "machine-*/act/cache/mlops-ci", "kept"):
        for path in world.folder.glob(f"{folder}/**/*"):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(world.folder)), unpacked(path.read_bytes())


def asks_to_hide(line: str) -> bool:
    """Whether a line of act's log is of a step that has the host hide a value, which a runner does not show."""
    return line.startswith("{") and json.loads(line).get("command") == "add-mask"


def git(world: World, *arguments: str) -> bytes:
    more = ["--batch-all-objects"] if arguments[0].startswith("--") else []
    command = ["git", "cat-file", *arguments, *more]
    return subprocess.run(command, cwd=world.origin.path, capture_output=True, check=True).stdout


def unpacked(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def assert_nothing_leaked(world: World, ran: Ran) -> None:
    secrets = {**CANARIES, "GITHUB_TOKEN": world.token}
    known = [(name, form) for name, secret in secrets.items() for form in forms(secret)]
    leaks = {
        f"{name} in {where}" for where, data in everything_left(world, ran) for name, form in known if form in data
    }
    assert not leaks, sorted(leaks)


def uneventful(world: World) -> None:
    """Nothing goes wrong, but the step prints its secrets."""


def step_fails(world: World) -> None:
    world.lab.write("train.py", SPILLS + "raise RuntimeError(str(dict(os.environ)))\n")


def configuration_is_wrong(world: World) -> None:
    world.lab.edit("mlops.yaml", "  rules:\n", "  rules:\n    - accuracy > a lot\n")


def remote_refuses(world: World) -> None:
    world.origin.credentials = ("x-access-token", "another")


def remote_breaks(world: World) -> None:
    world.origin.fault = lambda service, _: 500 if service == "receive-pack" else None


def api_refuses(world: World) -> None:
    world.token = world.repository.token({"contents": "write"})
    world.origin.credentials = ("x-access-token", world.token)


def receiver_refuses(world: World) -> None:
    world.lab.write("mlops.yaml", (world.lab.folder / "mlops.yaml").read_text() + (
        "triggers:\n  model-promoted:\n"
        "    - {name: shop, github: acme/shop, token: SHOP_TOKEN}\n"
        "    - {name: chat, slack: SLACK_WEBHOOK}\n"
        "    - {name: hook, webhook: 'http://127.0.0.1:9/x', secret: WEBHOOK_SECRET}\n"
    ))  # fmt: skip


def storage_refuses(world: World) -> None:
    world.lab.edit(".github/workflows/model.yml", "git+origin", "s3://bucket/models")


def output_is_missing(world: World) -> None:
    world.lab.write("train.py", SPILLS)


WAYS: list[Callable[[World], None]] = [
    uneventful, step_fails, configuration_is_wrong, remote_refuses, remote_breaks, api_refuses, receiver_refuses,
    storage_refuses, output_is_missing,
]  # fmt: skip


@pytest.mark.parametrize(
    ("way", "debug"),
    # Tracebacks, too; for storage only in a soak, as its client tries again for half a minute.
    [*((way, "") for way in WAYS), (step_fails, "1"), *[(storage_refuses, "1")][: soak(0, 1)]],
    ids=lambda each: getattr(each, "__name__", "debug" if each else ""),
)
def test_no_secret_is_left_anywhere(world: World, way: Callable[[World], None], debug: str) -> None:
    world.lab.write("train.py", SPILLS + (world.lab.folder / "train.py").read_text())
    world.lab.edit("mlops.yaml", "    run: python train.py\n", "    run: python train.py\n" + STEP_ENV)
    way(world)
    world.push()
    env = {**CANARIES, "MLOPS_CI_DEBUG": debug, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ALLOW_HTTP": "true"}
    ran = world.on_push(env=env)
    assert (ran.code == 0) is (way in {uneventful, api_refuses}), ran.said
    assert_nothing_leaked(world, ran)

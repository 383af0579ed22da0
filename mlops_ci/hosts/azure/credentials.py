"""With which credential a job speaks to Azure DevOps."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from mlops_ci.hosts.azure.variables import variable
from mlops_ci.hosts.host import Environment

OWN = "MLOPS_CI_TOKEN"
OF_THE_JOB = "SYSTEM_ACCESSTOKEN"


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, and the variable that it comes from."""

    token: str = field(repr=False)
    source: str

    @property
    def authorization(self) -> str:
        """The header that shows it."""
        return authorization_of(self.token)


def authorization_of(token: str) -> str:
    """The header that shows a token: a job's is a JSON Web Token, a personal one the password of nobody."""
    if token.count(".") == 2:
        return f"Bearer {token}"
    return f"Basic {base64.b64encode(f':{token}'.encode(errors='surrogateescape')).decode()}"


def find_credential(environ: Environment) -> Credential | None:
    """The credential that the user gave us, else that of the job, which a script has only if it is mapped."""
    for name in (OWN, OF_THE_JOB):
        if token := variable(environ, name):
            return Credential(token, name)
    return None

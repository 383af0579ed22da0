"""What somebody has to do on the host, once the files are written."""

from __future__ import annotations

from mlops_ci.workflows.shapes import Host


def next_steps(host: Host, model: str, *, hardened: bool, in_git: bool) -> tuple[str, ...]:
    """The lines that say it.

    Args:
        host: whose workflows were written.
        model: its name, which that of the check on GitHub ends with.
        hardened: whether they are two jobs.
        in_git: whether the workflows keep the workspace in git, so that ``mlops.yaml`` does not say where it is.
    """
    if host == "github":
        return _github(model, in_git=in_git)
    return _azure_templates(in_git=in_git) if hardened else _AZURE_EXTENSION


def _github(model: str, *, in_git: bool) -> tuple[str, ...]:
    where = (
        (
            "     (models are kept on a ref of the repository itself; to look at them from here:",
            f"     mlops-ci models history {model} --workspace git+origin)",
        )
        if in_git
        else ("     (first give the step the workspace's credentials: as env, from secrets)",)
    )
    return (
        "next:",
        "  1. commit and push; the first model becomes the champion",
        *where,
        f"  2. in the rules of the default branch, require the check 'mlops-ci / {model}'",
        "  3. the jobs ask for the permissions that they need; the repository's setting",
        "     may stay at read-only",
    )


_FROM_THERE = (
    "  3. Azure Repos: add a branch policy, build validation, with this pipeline; GitHub: nothing",
    "  4. Azure Repos: allow the build service 'Contribute to pull requests', for the comment,",
    "     and require the status mlops-ci/gate",
)
_AZURE_EXTENSION = (
    "next:",
    "  1. install the extension mlops-ci in the organisation, and make a service connection",
    "     of the kind 'mlops-ci workspace', called mlops-workspace (docs/azure-pipelines.md)",
    "  2. commit and push; make a pipeline of azure-pipelines.yml",
    *_FROM_THERE,
)


def _azure_templates(*, in_git: bool) -> tuple[str, ...]:
    """Scripts only: no extension, and no service connection of ours."""
    workspace = ("     mlops.yaml has to say where the workspace is, such as az://container/prefix;",) if in_git else ()
    return (
        "next:",
        "  1. make a service connection to GitHub called github, and give the pipeline's variables",
        "     mayRead and mayWrite the credentials of the workspace, as secrets;",
        *workspace,
        "     if it is not in Azure Blob Storage, change the names in trainEnv and publishEnv",
        "  2. commit and push; make a pipeline of azure-pipelines.yml",
        *_FROM_THERE,
    )


def next_steps_to_deploy(host: Host, deployment: str) -> tuple[str, ...]:
    """The lines that say what is to be done once the workflow that deploys is written."""
    return tuple(line.format(name=deployment) for line in (_GITHUB_DEPLOY if host == "github" else _AZURE_DEPLOY))


_GITHUB_DEPLOY = (
    "next:",
    "  1. let promotions start it, in mlops.yaml:",
    "     triggers:",
    "       model-promoted: [{{name: deploy, github: OWNER/REPOSITORY}}]",
    "  2. make the environment {name} in the repository's settings: for the default branch",
    "     alone, with a reviewer if you like",
    "  3. give its steps what the place asks for, such as KUBECONFIG: as env, from secrets",
)
_AZURE_DEPLOY = (
    "next:",
    "  1. commit and push; make a pipeline of azure-pipelines-deploy.yml, and the environment",
    "     {name} with the check 'Exclusive lock'",
    "  2. let promotions start it, in mlops.yaml; 12 is the pipeline's number:",
    "     triggers:",
    "       model-promoted: [{{name: deploy, azure: ORGANISATION/PROJECT/12}}]",
    "  3. give the tasks what the place asks for, such as KUBECONFIG: as env, from secrets",
)

"""Complete workflows for GitHub Actions and Azure Pipelines, which a repository needs no more than.

The templates are YAML as it is meant to be read: ``ORG/mlops-ci`` stands for the repository of the actions, ``@REF``
for the commit that is pinned. ``mlops-ci init`` fills them in for a repository, ``make generate`` for ``examples/``.
"""

"""One declaration, three faces: the verbs of the command line as GitHub actions and as tasks of Azure Pipelines.

``tasks.py`` names the verbs that become tasks, and their outputs. Their inputs are the options of the verb: the name,
the help, the choices and the default that click has of them. ``python -m mlops_ci.faces`` writes ``actions/``,
``action.yml``, ``pipelines/tasks/`` and ``docs/tasks.md``; a test fails when they are stale.
"""

"""The journeys: stages composed, one journey a file. Stages meet only here.

``session.py`` opens everything a journey needs, ``execution.py`` runs the pipeline and records it, ``judging.py``
compares with the champion; ``pull_request.py`` and ``default_branch.py`` are the journeys that ``ci.py`` chooses
between.
"""

"""Runs the steps: what must run and why, in a sandbox, cached by content.

``run.py`` is the conductor; ``fingerprint.py``, ``why.py`` and ``undeclared.py`` are its pure parts.
"""

"""Durable storage behind one small Protocol: :class:`~mlops_ci.workspace.store.Store`.

To add a backend: write one adapter module, name its URL scheme in ``open.py``, and add a fixture to the
contract suite in ``tests/workspace/``.
"""

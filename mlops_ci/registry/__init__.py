"""The registry of models: one append-only, hash-chained log per model, in any workspace.

``fold.py`` is the pure heart: entries in, state out. ``model_log.py`` is the only writer.
"""

"""The gate: is the candidate better than the champion, worse, or can the data not tell?

``evidence_file.py``, ``evidence_difference.py`` and ``evidence_stream.py`` read files; all the rest is pure.
``judge.py`` is the whole, ``estimates.py`` picks the statistical method, ``outcomes.py`` holds the three-valued logic.
"""

"""The gate: is the candidate better than the champion, worse, or can the data not tell?

``reading/`` reads files; all the rest is pure. ``judge.py`` is the whole, ``comparing/`` holds one rule against what is
known, and ``estimating/`` picks the statistical method.
"""

"""The gate: is the candidate better than the champion, worse, or can the data not tell?

``reading/`` reads files; all the rest is pure.
``judge.py`` is the whole, ``estimates.py`` picks the statistical method, ``outcomes.py`` holds the three-valued logic.
"""

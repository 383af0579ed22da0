"""Other registries: what they hold, as plain records, and what is written to them.

Each reader yields the records of ``foreign.py``. Nothing here knows our own registry.
"""

"""Simulations of the gate; see ``__main__.py``."""

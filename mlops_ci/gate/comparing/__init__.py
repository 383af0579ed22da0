"""Holds one rule against what is known: rows, numbers, or what was computed elsewhere."""

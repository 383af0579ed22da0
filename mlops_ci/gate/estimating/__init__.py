"""Chooses the statistical method for a metric, and names it."""

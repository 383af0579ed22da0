"""Runs a notebook that is a step. Stands on nothing of ours."""

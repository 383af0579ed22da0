"""Calls a metric that the user has written, on predictions and on resamples of them.

It runs as a step of the pipeline, in the project's environment, on nothing of ours but this folder.
"""

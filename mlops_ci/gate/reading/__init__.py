"""Reads predictions and metrics files as evidence."""

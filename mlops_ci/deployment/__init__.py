"""Runs model versions somewhere: a folder's worth of adapters behind the Protocol ``Target``."""

"""Tells others that a model landed: one file for each kind of receiver, each of which makes requests of events.

A kind turns an event and what ``mlops.yaml`` says of the receiver into requests, purely; sending them is the same for
all. What is delivered to whom, in which order and how often, is the business of ``registry/outbox.py``.
"""

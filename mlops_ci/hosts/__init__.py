"""Where we run: a laptop, or the job of a CI service, behind one Protocol.

To add a host: write one adapter module, name it in ``select.py``, and add it to the contract suite in
``tests/hosts/``.
"""

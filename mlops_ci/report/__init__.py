"""Renders reports: one set of values (:class:`~mlops_ci.records.report.Report`) for the terminal and as Markdown.

Pure: no file, no clock, no terminal is touched. To add a format, write one module with one function from a Report
to text, and golden files in ``tests/report/``.
"""

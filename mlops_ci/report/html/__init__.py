"""A report as one HTML page that needs nothing else: no network, no script, no font.

What is drawn is computed in Python (one file for each kind of chart) and written by templates, which escape every text.
"""

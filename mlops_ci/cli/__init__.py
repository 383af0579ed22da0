"""The command line: one file per group of verbs. Options in, one call, output; no logic."""

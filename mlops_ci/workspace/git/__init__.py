"""A git remote as a workspace: one ref of it, whose tree is the space of keys and whose commits are the writes."""

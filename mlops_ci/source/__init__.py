"""The user's git repository: what is checked out, what changed, what descends from what."""

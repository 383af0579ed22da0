"""The scoring server. It runs in images with little else, so that it imports little."""

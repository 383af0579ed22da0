"""The nouns: frozen dataclasses, one file each, JSON in and out. Pure."""

"""Says which inputs matter to a model. It runs in the project's environment, beside the converter.

The converter knows how models are loaded and asked; nothing else of ours is imported.
"""

"""Converts models to ONNX. It runs in the environment of the model, not in ours, and so on nothing of ours."""

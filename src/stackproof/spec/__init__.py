"""The formal models."""

"""Exhaustive exploration: every world within the bounds of a scenario."""

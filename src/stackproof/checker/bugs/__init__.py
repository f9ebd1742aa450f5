"""Published bugs, each a small variant of the reference that its property catches."""

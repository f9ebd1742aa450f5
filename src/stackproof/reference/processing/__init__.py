"""Processing: MapReduce, and what else computes over the layers below."""

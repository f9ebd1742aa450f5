"""The figures of the papers, measured again: one module for each paper, one command for all of them.

    python -m stackproof.checker.figures chord|mesos

They live beside the checker and not under benchmarks/, because tests hold the same functions to the same tolerances at
smaller sizes, and because somebody with another ring or another latency may want to call them. Only drawing needs
matplotlib (`pip install stackproof[plots]`).
"""

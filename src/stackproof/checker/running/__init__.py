"""`stackproof run`: a real job on the whole stack, under faults, watched, and compared with the plain answer.

`jobs` makes a cluster of a job and its files, `faults` lays down what strikes when, `layers` shows each layer of the
stack to the properties that were written for it, `watch` asks them while the job runs, `runs` does all of it.
"""

NAMES = ("wordcount", "grep", "link-graph", "url-frequency", "sort", "pagerank", "logistic-regression", "log-mining")
"""The jobs there are, for whoever only wants to name them."""

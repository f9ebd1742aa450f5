"""Mesos: one master offers resources, many frameworks decide what to run on them."""

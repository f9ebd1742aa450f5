"""The datacenter papers, executable, and checked."""

__version__ = "0.1.0"

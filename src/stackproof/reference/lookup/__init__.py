"""Where a key lives: consistent hashing, and the overlays that find its owner without knowing everybody."""

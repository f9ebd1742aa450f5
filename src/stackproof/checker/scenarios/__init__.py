"""The named questions, one file per protocol; `checker.registry` lists them."""

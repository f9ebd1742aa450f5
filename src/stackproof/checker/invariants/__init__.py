"""Properties, one file per family; each is a generator of reasons."""

"""Pictures: a run or a judged history as one page that needs nothing but a browser."""

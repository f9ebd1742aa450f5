"""The judge of recorded histories: files into calls, calls against a sequential model, and why not."""

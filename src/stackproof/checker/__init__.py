"""What finds out whether the reference keeps its word."""

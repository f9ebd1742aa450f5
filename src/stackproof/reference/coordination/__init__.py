"""Agreement among nodes."""

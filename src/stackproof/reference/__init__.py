"""The papers as code: actors only."""

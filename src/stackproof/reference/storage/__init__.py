"""Registers and stores."""

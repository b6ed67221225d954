"""The notice centre."""

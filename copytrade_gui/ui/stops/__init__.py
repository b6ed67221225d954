"""Pause, halt, kill and resume in the window."""

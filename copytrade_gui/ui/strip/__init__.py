"""The top strip and the status bar."""

"""The end of the day and the report after a start."""

"""The activity log: what happened, in words."""

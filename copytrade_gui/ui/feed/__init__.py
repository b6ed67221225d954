"""The live feed: what became of each order, newest first."""

"""Small controls of our own that more than one panel shows."""

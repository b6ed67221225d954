"""The broker's books: when they are read, what they say of our orders, where they differ."""

"""SQLite itself: connections, schema, copies of a file, who writes and who reads."""

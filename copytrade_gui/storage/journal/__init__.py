"""Facts: stored in their order, chained, projected into tables, read back and verified."""

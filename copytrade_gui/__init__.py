"""CopyTrade Console: one master order, copied to many follower accounts, each copy proven."""

"""What is on the disk before the first byte of an order, in a file of its own."""

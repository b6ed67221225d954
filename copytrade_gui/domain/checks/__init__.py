"""What is asked of an order before it leaves: pure rules over facts in memory, one table."""

"""The order book, an order's details, and what is done with orders there."""

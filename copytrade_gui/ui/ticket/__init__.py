"""The order ticket: search, price, preview, send."""

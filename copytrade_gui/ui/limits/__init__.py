"""The limits that bound orders, as a person sets them."""

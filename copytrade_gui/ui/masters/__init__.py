"""Orders that masters place on the broker's own page, and what a person decides about them."""

"""Copies against the broker's books: who is in step, who is not, why, and what may be done."""

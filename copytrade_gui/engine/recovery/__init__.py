"""After a start, a sleep or lost records: what is proven, what is not, and who may resume."""

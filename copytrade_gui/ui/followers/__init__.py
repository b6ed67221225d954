"""The followers table, and everything that is changed of a follower."""

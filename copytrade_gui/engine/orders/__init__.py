"""Every order we know, where one changes, and what its account is asked. The engine's bottom."""

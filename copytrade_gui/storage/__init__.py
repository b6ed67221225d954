"""What is remembered: SQLite, the keyring, the data folder. Imports ports and domain."""

"""Keys of accounts: encrypted, behind the keyring or a passphrase."""

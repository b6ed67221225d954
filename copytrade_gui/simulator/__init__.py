"""A broker of our own: IIFL-shaped, on loopback or in-process, with a ledger that judges us.

It imports nothing of the client it tests, so a misunderstanding cannot agree with itself.
"""

"""IIFL Capital's Open API v1 as docs/broker.md tells it; unconfirmed on a live account.

Confirmed only against our own simulator: every shape, code and limit. Settle on the first live
login: price scaling in the books, status texts, the cost of MARKET without protection, the form
of a PUT body, where PUT and DELETE put their errors, and the idle limit of a connection.
"""

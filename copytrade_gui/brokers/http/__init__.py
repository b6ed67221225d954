"""Connections to a broker over HTTPS, for orders and for everything else; names no broker.

What differs from broker to broker (paths, bodies, what a reply proves, which hosts may be called)
is handed in: see ``channel.OrderCalls`` and ``address``.
"""

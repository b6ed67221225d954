"""How fast the program is, beside a floor of bare sockets and beside the usual way."""

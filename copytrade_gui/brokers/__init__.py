"""How a broker is spoken to: the only HTTP. Imports ports and domain; only app imports it."""

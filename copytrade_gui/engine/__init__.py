"""What happens to an order. Imports ports and domain; no vendor, SQL, Qt or clock of its own."""

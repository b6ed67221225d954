"""What happens to an order. Imports ports and domain; no vendor, no SQL, no Qt, no clock of its own."""

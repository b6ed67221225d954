"""What the operator can do, as verbs to await. Imports engine, ports and domain."""

"""What asks for orders beside a person: what the master does elsewhere."""

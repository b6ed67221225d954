"""What asks for orders beside a person: what the master does elsewhere, or holds already."""

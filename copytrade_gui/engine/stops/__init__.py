"""PAUSE, HALT, KILL: pressed by a person or by the engine itself, and the alarms beside them."""

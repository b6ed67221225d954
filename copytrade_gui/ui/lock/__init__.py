"""The window locked: covered, while copying goes on and the stops work."""

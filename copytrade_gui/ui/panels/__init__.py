"""The window's panels; each takes the verbs it uses and hears batches of events."""

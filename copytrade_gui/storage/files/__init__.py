"""Files and folders of the operating system: private, synced, locked."""

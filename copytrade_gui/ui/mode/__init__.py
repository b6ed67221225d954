"""Between paper and live: the checklist, the way back, and the duties of the first live start."""

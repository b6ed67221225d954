"""One file per schema number, never edited after release."""

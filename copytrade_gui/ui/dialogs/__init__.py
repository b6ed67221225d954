"""Dialogs: opened, never executed, never modal, so that the stops stay within reach."""

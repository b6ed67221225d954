"""The simulator as a sub-command of the program: app is the only room that may reach it."""

from copytrade_gui.simulator.serving import add_arguments, main, serve

__all__ = ["add_arguments", "main", "serve"]

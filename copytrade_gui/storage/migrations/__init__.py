"""Alembic's room: ``env.py`` and one revision per schema number. Run by ``storage.upgrade``."""

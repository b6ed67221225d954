"""Who is wired to whom: the composition root, free of Qt. The only room that builds adapters."""

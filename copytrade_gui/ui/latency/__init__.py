"""How long copies took: figures and chart."""

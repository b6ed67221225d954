"""What the operator sees; the only PySide6 and pyqtgraph. Imports services, ports and domain."""

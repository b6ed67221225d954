"""A model under Qt's own tester, with an end in the right order."""

from collections.abc import Iterator
from contextlib import contextmanager

import shiboken6
from PySide6.QtCore import QAbstractItemModel, QObject
from PySide6.QtTest import QAbstractItemModelTester

from copytrade_gui.ui.tables.filtering import TableProxy

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


@contextmanager
def watched(model: QAbstractItemModel) -> Iterator[TableProxy]:
    """Yield a proxy on the model; both are checked at every signal they send."""
    owner = QObject()
    proxy = TableProxy(owner)
    proxy.setSourceModel(model)
    testers = [QAbstractItemModelTester(one, FATAL, owner) for one in (model, proxy)]
    try:
        yield proxy
    finally:
        # Watchers before the watched: a collector would take them in any order.
        for thing in (*testers, proxy, model, owner):
            if shiboken6.isValid(thing):
                shiboken6.delete(thing)

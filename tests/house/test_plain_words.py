"""Names and the broker's words are plain text on the screen: nowhere may Qt guess at HTML."""

import ast

import pytest

from tests.house.source import PACKAGE, named, python_files

TIP = "copytrade_gui/ui/widgets/tip.py"
# What renders or opens, and the one file that may use it.
BANNED = {
    "setToolTip": TIP,
    "setWhatsThis": "",
    "setHtml": "copytrade_gui/ui/day/sheet_pdf.py",  # a page for the printer, its words escaped
    "appendHtml": "",
    "insertHtml": "",
    "setMarkdown": "",
    "setOpenExternalLinks": "",
    "setOpenLinks": "",
    "RichText": "",
    "AutoText": "",
    "MarkdownText": "",
    "QTextBrowser": "",
    "QTextDocument": "copytrade_gui/ui/day/sheet_pdf.py",
    "QTextEdit": "",
    "QErrorMessage": "",
    "QWhatsThis": "",
    "QDesktopServices": "copytrade_gui/ui/followers/login_queue.py",
    "ToolTipRole": "copytrade_gui/ui/tables/columns.py",
}


def complaints(source: str, name: str) -> list[str]:
    """The lines of a file of the window that could show words as something else."""
    found = []
    for node in ast.walk(ast.parse(source)):
        used = (
            node.attr
            if isinstance(node, ast.Attribute)
            else node.id
            if isinstance(node, ast.Name)
            else ""
        )
        if used in BANNED and BANNED[used] != name:
            assert isinstance(node, ast.Attribute | ast.Name)
            found.append(f"{name}:{node.lineno} {used}")
        if isinstance(node, ast.Call) and _makes_a_label(node):
            found.append(f"{name}:{node.lineno} a form makes its own label of words")
    return found


def _makes_a_label(call: ast.Call) -> bool:
    """``form.addRow(words, field)``: Qt makes a label that guesses; an empty text makes none."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "addRow"
        and len(call.args) == 2
        and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
        and not (isinstance(call.args[0], ast.Constant) and call.args[0].value == "")
    )


def test_no_widget_of_the_window_may_render_words() -> None:
    files = [path for path in python_files() if PACKAGE in path.parents]
    found = [
        line for path in files for line in complaints(path.read_text(encoding="utf-8"), named(path))
    ]
    assert not found, f"use ui/widgets/label.py and ui/widgets/tip.py: {found}"


@pytest.mark.parametrize(
    "line",
    [
        "button.setToolTip(words)",
        "label.setTextFormat(Qt.TextFormat.RichText)",
        "view = QTextBrowser()",
        "label.setOpenExternalLinks(True)",
        "form.addRow(f'{name}', field)",
        "QDesktopServices.openUrl(url)",
        "if role == Qt.ItemDataRole.ToolTipRole: pass",
    ],
)
def test_each_way_to_render_words_is_noticed(line: str) -> None:
    assert complaints(line, "copytrade_gui/ui/panels/new.py")


def test_the_plain_ways_are_fine() -> None:
    assert not complaints("form.addRow(caption('x', field), field)\nset_tip(a, b)", "x.py")

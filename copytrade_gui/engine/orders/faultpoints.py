"""Named points where a test can stop the program (docs/safety.md 16.3)."""

from __future__ import annotations

BEFORE_PLAN_COMMIT = "before_plan_commit"
AFTER_PLAN_COMMIT = "after_plan_commit"
BEFORE_MARK = "before_mark"
AFTER_MARK = "after_mark"
MID_WRITE = "mid_write"
AFTER_WRITE = "after_write"
AFTER_REPLY = "after_reply"
AFTER_RESULT = "after_result"
AFTER_MASTER_WORKING = "after_master_working"
BEFORE_VERDICT = "before_verdict"
AFTER_VERDICT = "after_verdict"
AFTER_BOOK_READ = "after_book_read"
AFTER_KILL_FLAG = "after_kill_flag"
AFTER_KILL_COMMIT = "after_kill_commit"
BEFORE_CANCEL = "before_cancel"
AFTER_CANCEL = "after_cancel"
BEFORE_MODIFY = "before_modify"
AFTER_MODIFY = "after_modify"
IN_RECOVERY = "in_recovery"

ALL = (
    BEFORE_PLAN_COMMIT,
    AFTER_PLAN_COMMIT,
    BEFORE_MARK,
    AFTER_MARK,
    MID_WRITE,
    AFTER_WRITE,
    AFTER_REPLY,
    AFTER_RESULT,
    AFTER_MASTER_WORKING,
    BEFORE_VERDICT,
    AFTER_VERDICT,
    AFTER_BOOK_READ,
    AFTER_KILL_FLAG,
    AFTER_KILL_COMMIT,
    BEFORE_CANCEL,
    AFTER_CANCEL,
    BEFORE_MODIFY,
    AFTER_MODIFY,
    IN_RECOVERY,
)


def pass_by(name: str) -> None:
    """The fault point of a program nobody is testing."""

"""Paper or live, chosen and stored in memory."""

from copytrade_gui.domain.mode import Mode
from copytrade_gui.services.modes import LiveCheck, Standing
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.dialogs.pages import CHECKED

ENROLLED = (
    LiveCheck("Master account", Standing.OK, "1: Owner."),
    LiveCheck(
        "Contract files",
        Standing.NOTE,
        "None yet; fetched at the next start. Until then the search finds nothing, and an order "
        "that names an instrument by its number is refused.",
    ),
)
MISSING = (
    LiveCheck(
        "Basis",
        Standing.LACKS,
        "Not declared for Ishaan, Vikram, Zoya, Diya, Kabir and more. Open live once and choose it "
        "under Followers > Declare basis; only exits leave an account without one.",
    ),
)


class FakeModes:
    """Knows a checklist; what is stored is read again."""

    def __init__(self) -> None:
        self.checks: tuple[LiveCheck, ...] = ENROLLED
        self.stored = Mode.PAPER
        self.confirmed = CHECKED.isoformat()
        self.refuse: RefusedError | None = None

    async def chosen(self) -> Mode:
        return self.stored

    async def checklist(self) -> tuple[LiveCheck, ...]:
        return self.checks

    async def choose(self, mode: Mode) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.stored = mode

    async def duties_read(self) -> str:
        return self.confirmed

    async def confirm_duties(self, checked: str) -> None:
        self.confirmed = checked

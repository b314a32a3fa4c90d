"""What keeps the model from being asked, in words that say what to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from intents.llm.budget import is_used_up
from intents.llm.gate import ACCOUNT_PAUSE, Trouble, current_trouble
from intents.llm.records import ModelSettings, ModelState

# DeepSeek is away now and then; from then on people hear of it.
AWAY_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Told:
    """`code` is stable, for programs; title and advice are in the reader's language."""

    code: str
    title: str
    advice: str
    since: datetime | None


def find_model_trouble() -> Told | None:
    """What a person should know of, with three cheap queries at the most and none without a key."""
    if not settings.DEEPSEEK_API_KEY:
        return None
    rules = ModelSettings.get_solo()
    if rules.asks == ModelSettings.Asks.NONE:
        return None
    state = current_trouble()
    if state is not None and not _passes_soon(state):
        return _tell(state)
    return _budget(rules) if is_used_up(rules) else None


def _passes_soon(state: ModelState) -> bool:
    since = state.trouble_since or timezone.now()
    return state.trouble == Trouble.SERVICE and timezone.now() - since < AWAY_AFTER


def _tell(state: ModelState) -> Told:
    title, advice = {
        Trouble.KEY: (
            _("DeepSeek refuses the key: messages are understood by patterns alone"),
            _("Make a new key at platform.deepseek.com, set DEEPSEEK_API_KEY and start the hub again."),
        ),
        Trouble.BALANCE: (
            _("The money at DeepSeek is used up: messages are understood by patterns alone"),
            _(
                "Top up the account at platform.deepseek.com. The hub tries again every %(minutes)d minutes, "
                "or at once by “Try now” in the settings of the model."
            )
            % {"minutes": ACCOUNT_PAUSE.total_seconds() // 60},
        ),
        Trouble.REFUSED: (
            _("DeepSeek refuses every request: messages are understood by patterns alone"),
            _("Check DEEPSEEK_MODEL and DEEPSEEK_API_URL, start the hub again. The last error: %(error)s.")
            % {"error": state.detail},
        ),
        Trouble.SERVICE: (
            _("DeepSeek does not answer: messages are understood by patterns alone"),
            _("The hub goes on trying, and makes up for what waits. The last error: %(error)s.")
            % {"error": state.detail},
        ),
    }[Trouble(state.trouble)]
    return Told(f"model_{state.trouble}", title, advice, state.trouble_since)


def _budget(rules: ModelSettings) -> Told:
    return Told(
        "model_budget",
        _("Today's budget of the model is used up: messages are understood by patterns alone"),
        _(
            "Tomorrow the model goes on with the newest messages. Those that wait longer than %(days)d days "
            "keep what the patterns said. If that is too little, raise the budget."
        )
        % {"days": rules.patience_days},
        None,
    )

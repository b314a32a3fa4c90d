"""What the hub keeps about asking the model: people's settings, how it fares, what it used."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from solo.models import SingletonModel

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MILLION = 1_000_000


def _price(name: "StrPromise", default: str) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(
        name,
        max_digits=10,
        decimal_places=4,
        default=Decimal(default),
        validators=[MinValueValidator(Decimal(0))],
    )


class ModelSettings(SingletonModel):
    """What people set: which messages go to the model, what it may cost. One row: `get_solo()` reads it."""

    class Asks(models.TextChoices):
        ALL = "all", _("All messages")
        UNSURE = "unsure", _("Those that the patterns are unsure of")
        NONE = "none", _("None: patterns alone")

    asks = models.CharField(_("the model is asked about"), max_length=8, choices=Asks, default=Asks.UNSURE)
    unsure_below = models.FloatField(
        _("patterns are unsure below"),
        default=0.75,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_("A confidence from 0 to 1. The higher, the more messages go to the model."),
    )
    patience_days = models.PositiveSmallIntegerField(
        _("a message waits for, days"),
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text=_("What the model was not asked about by then keeps what the patterns said."),
    )
    daily_tokens = models.PositiveBigIntegerField(
        _("tokens a day"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    daily_cost = models.DecimalField(
        _("dollars a day"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal("1.00"),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Empty: no limit."),
    )
    # deepseek-flash at peak hours; at others it costs half of it (api-docs.deepseek.com, October 2026).
    price_hit = _price(_("from the cache"), "0.006")
    price_miss = _price(_("not from the cache"), "0.30")
    price_output = _price(_("of the answer"), "1.20")

    class Meta:
        db_table = "model_settings"
        verbose_name = _("settings of the model")

    def __str__(self) -> str:
        return str(_("Settings of the model"))

    def cost(self, *, hit: int, miss: int, output: int) -> Decimal:
        """Dollars for so many tokens."""
        return (self.price_hit * hit + self.price_miss * miss + self.price_output * output) / MILLION


class ModelState(SingletonModel):
    """How asking fares, for all workers; `intents.llm.gate` alone changes it."""

    class Trouble(models.TextChoices):
        NONE = "", _("none")
        KEY = "key", _("the key is refused")
        BALANCE = "balance", _("the balance is used up")
        REFUSED = "refused", _("every request is refused")
        SERVICE = "service", _("DeepSeek does not answer")

    trouble = models.CharField(max_length=8, choices=Trouble, blank=True, default="")
    trouble_since = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    detail = models.TextField(blank=True, default="")
    paused_until = models.DateTimeField(null=True)
    # Which key, address and model the trouble is about: with others it is over.
    settings_digest = models.CharField(max_length=32, blank=True, default="")
    # Where the last probe failed: the next one takes an older message, so that none can block the others.
    probed_message_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "model_state"

    def __str__(self) -> str:
        return self.trouble or "well"


class ModelUsage(models.Model):
    """What one day's requests used, by the model that answered and the version of the prompt.

    `failures` are requests that brought no usable answer; days are of the hub's time zone.
    """

    day = models.DateField(_("day"))
    model = models.CharField(_("model"), max_length=100)
    prompt_version = models.CharField(_("prompt version"), max_length=32)
    requests = models.PositiveBigIntegerField(_("requests"), default=0)
    failures = models.PositiveBigIntegerField(_("without an answer"), default=0)
    messages = models.PositiveBigIntegerField(_("messages"), default=0)
    hit_tokens = models.PositiveBigIntegerField(_("tokens from the cache"), default=0)
    miss_tokens = models.PositiveBigIntegerField(_("tokens not from the cache"), default=0)
    output_tokens = models.PositiveBigIntegerField(_("tokens of the answer"), default=0)
    cost = models.DecimalField(_("dollars"), max_digits=16, decimal_places=8, default=Decimal(0))

    class Meta:
        db_table = "model_usage"
        verbose_name = _("use of the model")
        verbose_name_plural = _("use of the model")
        constraints = [
            models.UniqueConstraint(fields=["day", "model", "prompt_version"], name="model_usage_of_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class ModelRequest(models.Model):  # noqa: DJ008  (no person meets these rows)
    """A request on its way, with the most that it may use; it goes when the answer is written down.

    One that is still here after `ends_at` lost its worker.
    """

    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    tokens = models.PositiveIntegerField()
    cost = models.DecimalField(max_digits=16, decimal_places=8)

    class Meta:
        db_table = "model_requests"

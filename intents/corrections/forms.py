"""What a message is about, as rows that a person can change, add and empty."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from intents.entities.schema import LONGEST_NAME, MOST_ENTITIES, Entity, Unit, valid_entities


class ItemForm(forms.Form):
    """Goods; a row without a product and a variety is no item."""

    text = forms.CharField(required=False, widget=forms.HiddenInput)
    product = forms.CharField(label=_("product"), max_length=LONGEST_NAME, required=False)
    variety = forms.CharField(label=_("variety"), max_length=LONGEST_NAME, required=False)
    length_cm = forms.IntegerField(label=_("length, cm"), min_value=1, max_value=400, required=False)
    quantity = forms.FloatField(label=_("quantity"), min_value=0, max_value=1_000_000, required=False)
    unit = forms.ChoiceField(label=_("unit"), choices=[("", "—"), *Unit.choices], required=False)
    price = forms.FloatField(label=_("price, ₽"), min_value=0, max_value=10_000_000, required=False)


class DateForm(forms.Form):
    """A date, a time, or both."""

    text = forms.CharField(required=False, widget=forms.HiddenInput)
    date = forms.DateField(
        label=_("date"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    time = forms.TimeField(label=_("time"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M"))


_ITEMS = forms.formset_factory(ItemForm, extra=1, max_num=MOST_ENTITIES, absolute_max=MOST_ENTITIES)
_DATES = forms.formset_factory(DateForm, extra=1, max_num=MOST_ENTITIES, absolute_max=MOST_ENTITIES)


class EntityRows:
    """The two sets of rows on one page."""

    def __init__(self, entities: Iterable[Mapping[str, Any]], data: QueryDict | None = None) -> None:
        rows = list(entities)
        self._places = {row["text"]: place for place, row in enumerate(rows) if row.get("text")}
        self.items = _ITEMS(data, initial=[row for row in rows if row.get("kind") == "item"], prefix="item")
        self.dates = _DATES(data, initial=[row for row in rows if row.get("kind") == "date"], prefix="date")

    def is_valid(self) -> bool:
        return all([self.items.is_valid(), self.dates.is_valid()])

    def entities(self) -> list[Entity]:
        """What the rows say, in the order of the text, new ones last; emptied ones are gone."""
        items = [{**row, "kind": "item"} for row in self.items.cleaned_data if row]
        dates = [
            {
                "kind": "date",
                "text": row["text"],
                "date": row["date"].isoformat() if row["date"] else None,
                "time": row["time"].isoformat("minutes") if row["time"] else None,
            }
            for row in self.dates.cleaned_data
            if row
        ]
        last = len(self._places)
        return valid_entities(sorted([*items, *dates], key=lambda row: self._places.get(row["text"], last)))

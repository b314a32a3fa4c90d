"""What a list is filtered by, as its reader sees it."""

from typing import Any


def filters_in_words(changelist: Any) -> str:  # noqa: ANN401  (a ChangeList)
    """«роза»; type: voice; time: from 01.11.2026. Empty where nothing is filtered."""
    parts = [f"«{changelist.query}»"] if changelist.query else []
    parts += [
        f"{spec.title}: {_said(spec, changelist)}"
        for spec in changelist.filter_specs
        if any(spec.used_parameters.values())
    ]
    return "; ".join(parts)


def _said(spec: Any, changelist: Any) -> str:  # noqa: ANN401
    if hasattr(spec, "in_words"):
        return str(spec.in_words())
    choices = [choice for choice in spec.choices(changelist) if choice.get("selected")]
    return ", ".join(str(choice["display"]) for choice in choices)

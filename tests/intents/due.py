"""Messages that wait for the model, and what it was asked."""

from typing import Any

from intents.models import Intent, MessageAnalysis
from tests.factories import NOW, AnalysisFactory
from tests.intents.deepseek_stub import DeepSeekStub, asked_messages


def due(text: str = "кения", **fields: Any) -> MessageAnalysis:
    return AnalysisFactory.create(
        message__text=text, **{"model_due_at": NOW, "intent": Intent.OTHER, "confidence": 0.3, **fields}
    )


def asked_texts(deepseek: DeepSeekStub) -> list[list[str]]:
    return [[message["text"] for message in asked_messages(request)] for request in deepseek.requests]


def make_all_due() -> None:
    MessageAnalysis.objects.filter(model_due_at__isnull=False).update(model_due_at=NOW)

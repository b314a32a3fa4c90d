"""Rules, one by one: what they find, what silences them, how they are weighed."""

import pytest

from intents.patterns.classifier import Classifier, Rule
from intents.patterns.phrases import PhraseError, parse


def rule(*keywords: str, intent: str = "order", **fields: object) -> Rule:
    defaults: dict[str, object] = {"id": 1, "name": "rule"}
    return Rule(**{**defaults, "intent": intent, "keywords": keywords, **fields})  # type: ignore[arg-type]


def intent_of(text: str, *rules: Rule, role: str = "client") -> str:
    return Classifier(rules).classify(text, role).intent


@pytest.mark.parametrize("text", ["заказ на завтра", "два заказа", "по заказам", "ЗАКАЗ!"])
def test_a_noun_finds_every_form(text: str) -> None:
    assert intent_of(text, rule("заказ")) == "order"


@pytest.mark.parametrize("text", ["продажа", "всегда", "вода", "когда", "туда"])
def test_a_word_is_never_found_inside_another(text: str) -> None:
    verdict = Classifier([rule("да", intent="confirmation")]).classify(text, "client")

    assert (verdict.intent, verdict.pattern_id, verdict.reasons) == ("other", None, ())


def test_an_imperative_finds_requests_and_no_past() -> None:
    classifier = Classifier([rule("запишите")])

    assert classifier.classify("запиши мне", "client").intent == "order"
    assert classifier.classify("записала вчера", "client").intent == "other"


def test_the_first_person_finds_i_and_we_and_not_you() -> None:
    classifier = Classifier([rule("беру")])

    assert classifier.classify("берём", "client").intent == "order"
    assert classifier.classify("берете", "client").intent == "other"


def test_an_exclamation_mark_asks_for_exactly_this_form() -> None:
    classifier = Classifier([rule("!ждите")])

    assert classifier.classify("ждите", "client").intent == "order"
    assert classifier.classify("жди", "client").intent == "other"


def test_another_form_of_a_noun_finds_itself_alone() -> None:
    classifier = Classifier([rule("на обеде")])

    assert classifier.classify("мы на обеде", "client").intent == "order"
    assert classifier.classify("на обед", "client").intent == "other"


def test_a_phrase_is_its_words_one_after_another() -> None:
    classifier = Classifier([rule("все верно", intent="confirmation")])

    assert classifier.classify("да, всё верно", "client").intent == "confirmation"
    assert classifier.classify("все сделали верно", "client").intent == "other"


def test_politeness_does_not_break_a_phrase() -> None:
    assert intent_of("верните, пожалуйста, деньги", rule("верните деньги", intent="complaint")) == "complaint"


def test_a_gap_spans_words_of_one_sentence() -> None:
    classifier = Classifier([rule("верните ... деньги", intent="complaint")])

    assert classifier.classify("верните за розу деньги", "client").intent == "complaint"
    assert classifier.classify("верните ведро. деньги позже", "client").intent == "other"


def test_a_slash_offers_alternatives() -> None:
    classifier = Classifier([rule("беру/возьму <количество>")])

    assert classifier.classify("возьму 5 пачек", "client").intent == "order"
    assert classifier.classify("беру 2 коробки", "client").intent == "order"


@pytest.mark.parametrize("text", ["счёт", "счет"])
@pytest.mark.parametrize("keyword", ["счёт", "счет"])
def test_yo_is_ye(text: str, keyword: str) -> None:
    assert intent_of(text, rule(keyword)) == "order"


@pytest.mark.parametrize("text", ["потверждаю", "подтвирждаю", "подтверждаюю", "подтверждвю"])
def test_a_slip_in_a_long_word_is_tolerated(text: str) -> None:
    assert intent_of(text, rule("подтверждать", intent="confirmation")) == "confirmation"


def test_a_slip_in_a_short_word_is_not() -> None:
    assert intent_of("брк", rule("беру")) == "other"


def test_a_word_of_the_language_is_never_taken_for_a_slip() -> None:
    assert intent_of("перья", rule("серия")) == "other"


@pytest.mark.parametrize("text", ["не беру", "не буду брать", "не очень хочу брать"])
def test_a_negated_word_is_not_found(text: str) -> None:
    assert intent_of(text, rule("брать", "беру")) == "other"


def test_a_negation_can_be_asked_for() -> None:
    classifier = Classifier([rule("не беру")])

    assert classifier.classify("уже не беру", "client").intent == "order"
    assert classifier.classify("беру", "client").intent == "other"


def test_words_after_a_negation_are_free_again() -> None:
    assert intent_of("не беру эквадор, дайте кению", rule("дайте")) == "order"


def test_an_order_in_a_question_weighs_less() -> None:
    rules = [rule("возьму"), rule("<вопрос>", intent="question", id=2, weight=0.9)]

    assert intent_of("возьму", *rules) == "order"
    assert intent_of("скидку дадите если возьму?", *rules) == "question"


@pytest.mark.parametrize(
    "text",
    [
        "почем кения",
        "сколько стоит",
        "а когда привезут",
        "в продажу тюльпан когда поступит",
        "нет ли пионов",
        "что по срокам",
    ],
)
def test_a_sentence_asks_without_a_question_mark(text: str) -> None:
    assert intent_of(text, rule("<вопрос>", intent="question")) == "question"


@pytest.mark.parametrize(
    "text", ["жду когда подешевеет", "какой-то обрезок", "как обычно", "помню сколько брали"]
)
def test_a_question_word_does_not_always_ask(text: str) -> None:
    assert intent_of(text, rule("<вопрос>", intent="question")) == "other"


@pytest.mark.parametrize(
    "text",
    [
        "5 пач альстромерии",
        "рускус 2",
        "100 тюльпанов",
        "двадцать роз",
        "пачку рускуса",
        "2х пачек",
        "пачек шесть",
        "фрезия бел 5",
        "кения 50 микс - 2 кор",
    ],
)
def test_quantities_of_goods_are_seen(text: str) -> None:
    assert intent_of(text, rule("<количество>")) == "order"


@pytest.mark.parametrize(
    "text",
    ["роза 60 см", "60ка", "95 рублей", "до 9", "в 15:00", "8 марта", "14.02", "скидка 10%", "ленина 45",
     "через 20 минут", "цена за пачку", "2 раза"],
)  # fmt: skip
def test_other_numbers_are_no_quantities(text: str) -> None:
    assert intent_of(text, rule("<количество>")) == "other"


@pytest.mark.parametrize("text", ["эустомы 6п", "5п эксплорер", "илекс 3 уп"])
def test_short_units_count_goods(text: str) -> None:
    assert intent_of(text, rule("<количество>")) == "order"


@pytest.mark.parametrize("text", ["обещали к 8 сейчас 9.40", "в 15.30", "уже 11:20"])
def test_hours_written_with_a_dot_are_hours(text: str) -> None:
    assert intent_of(text, rule("<время>")) == "order"
    assert intent_of(text, rule("<дата>")) == "other"


@pytest.mark.parametrize("text", ["дааа", "ДААААА"])
def test_letters_drawn_out_change_no_word(text: str) -> None:
    assert intent_of(text, rule("<начало> да <конец>", intent="confirmation")) == "confirmation"


@pytest.mark.parametrize("text", ["soglasna", "da, soglasna!"])
def test_russian_in_latin_letters_is_read(text: str) -> None:
    assert intent_of(text, rule("согласна", intent="confirmation")) == "confirmation"


def test_goods_before_an_asking_and_are_told_not_asked() -> None:
    rules = [rule("<количество>", weight=2), rule("<вопрос>", intent="question", id=2, weight=1.5)]

    assert intent_of("кения 5пач и сколько будет с доставкой?", *rules) == "order"
    assert intent_of("сколько стоят 5 пачек?", *rules) == "question"


@pytest.mark.parametrize(
    "text", ["надо подумать сколько возьму", "забираю сколько б там ни было", "как же приятно"]
)
def test_these_words_of_asking_do_not_ask(text: str) -> None:
    assert intent_of(text, rule("<вопрос>", intent="question")) == "other"


def test_a_rule_that_only_marks_is_heard_whatever_its_priority() -> None:
    rules = [
        rule(intent="other", id=1, weight=2, priority=20, sender_role="manager"),
        rule("срочно", intent="other", id=2, weight=0, is_urgent=True, sentiment="negative"),
    ]

    verdict = Classifier(rules).classify("срочно откройте", "manager")

    assert (verdict.is_urgent, verdict.sentiment) == (True, "negative")


def test_a_mailing_is_in_no_mood_and_calls_nobody() -> None:
    rules = [
        rule(intent="broadcast", id=1, weight=2, priority=20, sender_role="manager"),
        rule("срочно", intent="other", id=2, weight=0, is_urgent=True, sentiment="negative"),
    ]

    verdict = Classifier(rules).classify("срочно разбирайте", "manager")

    assert (verdict.intent, verdict.is_urgent, verdict.sentiment) == ("broadcast", False, "neutral")


def test_a_sender_who_only_mails_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [
        rule(intent="broadcast", id=1, weight=10, priority=10, sender_role="broadcast_bot"),
        rule("беру", id=2, weight=20),
        rule("срочно", intent="other", id=3, weight=0, is_urgent=True),
    ]
    classifier = Classifier(rules)
    monkeypatch.setattr(classifier, "read", None)
    verdict = classifier.classify("срочно беру", "broadcast_bot")

    assert (verdict.intent, verdict.pattern_id, verdict.is_urgent) == ("broadcast", 1, False)


@pytest.mark.parametrize(
    "other",
    [
        rule("беру", id=2, weight=20, priority=10),
        rule("беру", id=2, weight=20, priority=5, sender_role="broadcast_bot"),
    ],
    ids=["as early", "earlier"],
)
def test_what_is_heard_as_early_makes_a_mailing_bot_be_read(other: Rule) -> None:
    mailing = rule(intent="broadcast", id=1, weight=10, priority=10, sender_role="broadcast_bot")

    assert intent_of("беру 5", mailing, other, role="broadcast_bot") == "order"
    assert intent_of("привет", mailing, other, role="broadcast_bot") == "broadcast"


def test_the_verdict_says_how_much_speaks_for_each_intent() -> None:
    rules = [rule("роза", weight=2), rule("завяла", intent="complaint", id=2, weight=3)]

    assert Classifier(rules).classify("роза завяла").sums == (("complaint", 3), ("order", 2))


def test_the_whole_message_can_be_asked_for() -> None:
    classifier = Classifier([rule("<начало> да <конец>", intent="confirmation")])

    assert classifier.classify("Добрый день! Да 🙂", "client").intent == "confirmation"
    assert classifier.classify("да, запишите", "client").intent == "other"


def test_a_rule_of_a_role_speaks_of_nobody_else() -> None:
    classifier = Classifier([rule(intent="broadcast", sender_role="broadcast_bot")])

    assert classifier.classify("Поступление роз", "broadcast_bot").intent == "broadcast"
    assert classifier.classify("Поступление роз", "client").intent == "other"


def test_a_short_text_escapes_a_rule_for_long_ones() -> None:
    classifier = Classifier([rule("роза", min_length=10)])

    assert classifier.classify("роза", "client").intent == "other"
    assert classifier.classify("красная роза", "client").intent == "order"


def test_an_exception_silences_its_rule() -> None:
    classifier = Classifier([rule("возьму", exceptions=("возможно",))])

    assert classifier.classify("возможно возьму", "client").intent == "other"


def test_a_regular_expression_speaks_too() -> None:
    verdict = Classifier([rule(regex=r"\bКА-\d{8}\b")]).classify("договор ка-00003484", "client")

    assert (verdict.intent, verdict.pattern_id) == ("order", 1)


def test_weights_add_up_by_intent() -> None:
    rules = [
        rule("роза", id=1),
        rule("пачка", id=2),
        rule("завяла", intent="complaint", id=3, weight=1.5),
    ]

    assert intent_of("роза завяла", *rules) == "complaint"
    assert intent_of("пачка: роза завяла", *rules) == "order"


def test_a_lower_priority_number_is_not_overruled() -> None:
    rules = [
        rule("роза", id=1, weight=10),
        rule(intent="other", id=2, weight=1, priority=20, sender_role="manager"),
    ]

    verdict = Classifier(rules).classify("роза", "manager")

    assert (verdict.intent, verdict.pattern_id, len(verdict.reasons)) == ("other", 2, 1)


def test_equal_weights_go_to_what_must_be_acted_on_first() -> None:
    assert intent_of("роза завяла", rule("роза"), rule("завяла", intent="complaint", id=2)) == "complaint"


def test_a_weight_of_zero_only_marks() -> None:
    rules = [rule("роза"), rule("срочно", intent="other", id=2, weight=0, is_urgent=True)]

    verdict = Classifier(rules).classify("срочно роза", "client")

    assert (verdict.intent, verdict.is_urgent, verdict.pattern_id) == ("order", True, 1)


def test_the_mood_comes_from_rules_that_name_one() -> None:
    rules = [rule("завяла", intent="complaint", sentiment="negative")]

    assert Classifier(rules).classify("роза завяла", "client").sentiment == "negative"
    assert Classifier(rules).classify("роза", "client").sentiment == "neutral"


def test_the_reasons_name_the_rule_and_its_words() -> None:
    verdict = Classifier([rule("заказ", name="Слово заказ")]).classify("по заказу", "client")

    assert verdict.reasons == ("Слово заказ (order +1): «заказу»",)


def test_evidence_for_another_intent_lowers_the_confidence() -> None:
    rules = [rule("роза", weight=2), rule("завяла", intent="complaint", id=2, weight=1.9)]
    classifier = Classifier(rules)

    alone = classifier.classify("роза", "client").confidence
    contested = classifier.classify("роза завяла", "client").confidence

    assert 0 < contested < 0.75 <= alone <= 1


@pytest.mark.parametrize("phrase", ["", "... роза", "<цвт> роза"])
def test_a_phrase_that_cannot_be_read_says_why(phrase: str) -> None:
    with pytest.raises(PhraseError, match=r".{20}"):
        parse(phrase)


def test_a_long_message_is_read_to_a_limit() -> None:
    assert intent_of("а " * 5000 + "роза", rule("роза")) == "other"

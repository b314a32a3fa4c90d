"""Forms of the admin: a pattern, and a message to try."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from clients.models import UserRole
from intents.models import MessagePattern

LONGEST_PHRASE = 200

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[MessagePattern]
else:
    _ModelForm = forms.ModelForm  # generic in the stubs only


class PhrasesField(forms.CharField):
    """A list of phrases as text: one per line, or separated by commas."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401  (a list from the model, a text from the browser)
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:  # noqa: ANN401
        text = super().to_python(value) or ""
        phrases = [" ".join(part.split()) for part in re.split(r"[,\n]", text)]
        return list(dict.fromkeys(phrase for phrase in phrases if phrase))

    def validate(self, value: Any) -> None:  # noqa: ANN401
        for phrase in value:
            if len(phrase) > LONGEST_PHRASE:
                raise ValidationError(
                    _("«%(phrase)s…» is longer than %(most)d characters."),
                    params={"phrase": phrase[:40], "most": LONGEST_PHRASE},
                )


class MessagePatternForm(_ModelForm):
    """A pattern; the model's `clean` refuses phrases and expressions that cannot be used.

    A form that only asks for a preview is never valid, so that no path of the admin saves it; it has errors
    where the same values could not be saved either.
    """

    is_preview = False

    def is_valid(self) -> bool:
        return super().is_valid() and not self.is_preview

    keyword_patterns = PhrasesField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10}),
        label=_("words and phrases"),
        required=False,
        help_text=_(
            "Separated by commas or lines. «заказ» finds every form; «запишите» finds the request, "
            "«беру» the first person, «скидку» and «!ждите» only this form; «беру/возьму» one or the "
            "other; «верните ... деньги» up to four words between; «не надо» only with «не»; classes: "
            "<количество> <товар> <размер> <цвет> <время> <день> <деньги> <вопрос> <начало> <конец>; "
            "<похоже на заказ>, <похоже на жалобу> and so on: what people said of similar messages."
        ),
    )
    except_patterns = PhrasesField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        label=_("but not with"),
        required=False,
        help_text=_("Words and phrases that silence this pattern."),
    )

    class Meta:
        model = MessagePattern
        fields = (
            "pattern_name",
            "pattern_type",
            "keyword_patterns",
            "except_patterns",
            "regex_pattern",
            "sender_role",
            "min_text_length",
            "auto_classify",
            "priority",
            "weight",
            "is_urgent",
            "sentiment",
            "description",
        )
        widgets = {
            "regex_pattern": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }


class TryForm(forms.Form):
    """A message, and who would have written it."""

    text = forms.CharField(
        label=_("message"), max_length=4096, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )
    sender_role = forms.ModelChoiceField(
        label=_("sent by"),
        queryset=UserRole.objects.all(),
        to_field_name="role_name",
        initial="client",
        empty_label=None,
        widget=UnfoldAdminSelectWidget(),
    )

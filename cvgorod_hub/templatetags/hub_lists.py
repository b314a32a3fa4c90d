"""The rows of every list of the admin."""

from django.contrib.admin.templatetags.base import InclusionAdminNode
from django.template import Library
from django.template.base import Parser, Token

from cvgorod_hub.common.lists.rows import result_list

register = Library()


@register.tag(name="hub_result_list")
def hub_result_list(parser: Parser, token: Token) -> InclusionAdminNode:
    """As unfold's `unfold_result_list`."""
    return InclusionAdminNode(  # type: ignore[call-arg]  # the stubs know the tag's name, which Django 6.1 adds
        parser,  # type: ignore[arg-type]
        token,  # type: ignore[arg-type]
        func=result_list,
        template_name="change_list_results.html",
    )

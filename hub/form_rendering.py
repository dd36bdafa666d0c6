"""The commonest form widgets, drawn without templates: a page of choices has a hundred of them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

Widget = Mapping[str, Any]  # what Django gives the template of a widget


def _attributes(names: Mapping[str, Any]) -> SafeString:
    return SafeString(
        "".join(
            f" {name}" if value is True else f' {name}="{conditional_escape(value)}"'
            for name, value in names.items()
            if value is not False
        )
    )


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)  # a SafeString stays one


def draw_input(widget: Widget) -> SafeString:
    """Return an `<input>` of any type."""
    value = {} if widget["value"] is None else {"value": _as_text(widget["value"])}
    named = {"type": widget["type"], "name": widget["name"], **value}
    return SafeString(f"<input{_attributes(named)}{_attributes(widget['attrs'])}>")


def draw_option(widget: Widget) -> SafeString:
    """Return a radio button or a box, in its label where it has one."""
    drawn = draw_input(widget)
    if not widget.get("wrap_label"):
        return drawn
    key = widget["attrs"].get("id")
    label = _attributes({"for": key} if key else {})
    return format_html("<label{}>{} <span>{}</span></label>", label, drawn, widget["label"])


def draw_select(widget: Widget) -> SafeString:
    """Return a `<select>` with its options; 400 time zones are not rare."""
    groups = [
        f'<optgroup label="{conditional_escape(name)}">{_options(options)}</optgroup>'
        if name
        else _options(options)
        for name, options, _index in widget["optgroups"]
    ]
    named = _attributes({"name": widget["name"], **widget["attrs"]})
    return SafeString(f"<select{named}>{''.join(groups)}</select>")


def draw_choices(widget: Widget) -> SafeString:
    """Return radio buttons or boxes, each in its label, in their groups."""
    parts = []
    for name, options, _index in widget["optgroups"]:
        if name:
            parts.append(format_html('<div class="group">{}</div>', name))
        parts += [draw_option(option) for option in options]
    classes = " ".join(filter(None, ["choices", widget["attrs"].get("class")]))
    key = widget["attrs"].get("id")
    named = _attributes({"class": classes, **({"id": key} if key else {})})
    return SafeString(f"<div{named}>{''.join(parts)}</div>")


def _options(options: list[Widget]) -> str:
    return "".join(
        f'<option value="{conditional_escape(option["value"])}"{_attributes(option["attrs"])}>'
        f"{conditional_escape(option['label'])}</option>"
        for option in options
    )


_INPUTS = (
    "checkbox", "color", "date", "datetime", "email", "hidden", "number", "password", "search",
    "tel", "text", "time", "url",
)  # fmt: skip
_DRAWN: dict[str, Callable[[Widget], SafeString]] = {
    **{f"django/forms/widgets/{kind}.html": draw_input for kind in _INPUTS},
    "django/forms/widgets/select.html": draw_select,
    "django/forms/widgets/radio.html": draw_choices,
    "django/forms/widgets/checkbox_select.html": draw_choices,
    "django/forms/widgets/radio_option.html": draw_option,
    "django/forms/widgets/checkbox_option.html": draw_option,
}


class FormRenderer(TemplatesSetting):
    """Django's, with a shorter way for these widgets and for a field without errors."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> Any:
        """Return the HTML of a form, a field, a widget or a list of errors."""
        if draw := _DRAWN.get(template_name):
            return draw(context["widget"])
        if template_name == "django/forms/errors/list/default.html" and not context["errors"]:
            return SafeString("")
        return super().render(template_name, context, request)

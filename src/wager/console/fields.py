"""Form fields: plain HTML, so that a filter is an address and the keyboard just works."""

from collections.abc import Iterable, Sequence

from wager.console.markup import Attribute, Child, Markup, tag


def filters(action: str, *fields: Child) -> Markup:
    """A form that asks the same page again with what was chosen in its address."""
    return tag(
        "form",
        *fields,
        tag("button", "Show", class_="action", type="submit"),
        action=action,
        class_="filters",
    )


def choose(name: str, label: str, options: Sequence[str], chosen: str) -> Markup:
    """One of several, or any."""
    listed = [*options, chosen] if chosen and chosen not in options else list(options)
    choices = [tag("option", "any", value="")]
    choices += [tag("option", one, value=one, selected=one == chosen) for one in listed]
    box_id = f"filter-{name}"
    return tag(
        "div", tag("label", label, for_=box_id), tag("select", choices, id=box_id, name=name)
    )


def field(name: str, label: str, value: str, **attributes: Attribute) -> Markup:
    """A line of text."""
    box_id = f"filter-{name}"
    return tag(
        "div",
        tag("label", label, for_=box_id),
        tag("input", id=box_id, name=name, value=value, size=22, **attributes),
    )


def chips(label: str, links: Iterable[tuple[str, str, bool]]) -> Markup:
    """One of several pages: each its name, its address, and whether it is this one."""
    shown = [
        tag("a", name, href=to, aria_current="true" if here else None) for name, to, here in links
    ]
    return tag("div", shown, class_="slots", role="group", aria_label=label)

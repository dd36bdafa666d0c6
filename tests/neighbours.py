"""All rows of one company, person or portal, to compare before and after somebody else's act."""

from collections.abc import Iterator
from functools import cache

from django.apps import apps
from django.db.models import Model, Q

from accounts.models import Customer, User

# Who did it says nothing about whose row it is.
ACTORS = ("actor", "by", "staff")
Rows = dict[str, list[str]]


def _owners(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """Yield the foreign keys and one-to-one links that say whose a row is."""
    for field in model._meta.concrete_fields:
        if field.remote_field and not field.name.endswith(ACTORS):
            yield field.name, field.remote_field.model


@cache
def path_to(root: type[Model], model: type[Model]) -> str | None:
    """Return the shortest lookup from a model to the root; None where there is none.

    A path leads through people to other people's things only where the root is a person.
    """
    seen, paths = {model}, [("pk", model)]
    while paths:
        reached = [(path, at) for path, at in paths if at is root]
        if reached:
            return reached[0][0]
        following = []
        for path, at in paths:
            if at is User:
                continue
            for name, owner in _owners(at):
                if owner not in seen or owner is root:
                    seen.add(owner)
                    following.append((name if path == "pk" else f"{path}__{name}", owner))
        paths = following
    return None


def rows_of(*roots: Model) -> Rows:
    """Return every row, with all its values, that belongs to one of these, by table.

    What belongs to a company is no person's own: a person's rows are those of no company.
    """
    found: Rows = {}
    for model in apps.get_models():
        ours = Q(pk__in=[])
        for root in roots:
            path = path_to(type(root), model)
            if path is None:
                continue
            own = Q(**{path: root.pk})
            if isinstance(root, User) and (company := path_to(Customer, model)):
                own &= Q(**{f"{company}__isnull": True})
            ours |= own
        values = model._base_manager.filter(ours).distinct().values_list()
        found[model._meta.label] = sorted(map(repr, values))
    return {label: rows for label, rows in found.items() if rows}

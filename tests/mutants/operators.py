"""The kinds of faults: those of cosmic-ray that suit these rules, and four of our own."""

import re
from collections.abc import Iterator
from typing import Any

from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import Keyword, Name
from parso.tree import Leaf, NodeOrLeaf

Position = tuple[tuple[int, int], tuple[int, int]]

OF_COSMIC_RAY = (
    "AddNot",
    "NumberReplacer",
    "RemoveDecorator",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ZeroIterationForLoop",
)


class RemoveCall(Operator):
    """Replace a statement that is only a call by `pass`: a guard, a lock, an email, an event."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        """Yield the place of each such statement."""
        if node.type == "simple_stmt" and _is_call(node.children[0]):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Put `pass` in its place."""
        call = node.children[0]
        prefix = call.get_first_leaf().prefix
        node.children[0] = Keyword("pass", call.start_pos, prefix=prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return one fault."""
        return (Example("require_staff(actor)\n", "pass\n"),)


def _is_call(node: NodeOrLeaf) -> bool:
    is_plain = node.type in ("atom_expr", "power") and node.children[0].type != "keyword"
    return is_plain and getattr(node.children[-1], "children", [None])[0] == "("


class DropCondition(Operator):
    """Leave out one argument of `filter`, `exclude` or `get`, so that other rows are met too."""

    METHODS = ("filter", "exclude", "get")

    def _arguments(self, node: NodeOrLeaf) -> list[NodeOrLeaf]:
        before = node.get_previous_sibling() if node.type == "trailer" else None
        if before is None or before.type != "trailer" or node.children[0] != "(":
            return []
        if before.children[0] != "." or before.children[1].value not in self.METHODS:
            return []
        [*inside] = node.children[1:-1]
        if inside and inside[0].type == "arglist":
            inside = inside[0].children
        arguments = [each for each in inside if each != ","]
        return arguments if any(each.type == "argument" for each in arguments) else []

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        """Yield the place of each argument."""
        for argument in self._arguments(node):
            yield argument.start_pos, argument.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Keep the other arguments."""
        kept = [each for place, each in enumerate(self._arguments(node)) if place != index]
        text = ", ".join(each.get_code(include_prefix=False) for each in kept)
        node.children[1:-1] = [Name(text, node.children[0].end_pos)]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return one fault."""
        return (Example("rows.filter(a=1, b=2)\n", "rows.filter(b=2)\n"),)


class LetThrough(Operator):
    """Catch another exception than the one that comes. cosmic-ray's own fails at a dotted name."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        """Yield the place of each `except …`."""
        if node.type == "except_clause":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Name an exception that never comes."""
        node.children[1] = Name("GeneratorExit", node.children[1].start_pos, prefix=" ")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return one fault."""
        return (
            Example(
                "try:\n    x()\nexcept a.Error as error:\n    y()\n",
                "try:\n    x()\nexcept GeneratorExit as error:\n    y()\n",
            ),
        )


class ChangeSql(Operator):
    """Change one word of SQL to its opposite or its neighbour."""

    WORDS = {
        " AND ": " OR ",
        " OR ": " AND ",
        " IS NULL": " IS NOT NULL",
        " IS NOT NULL": " IS NULL",
        "NOT EXISTS": "EXISTS",
        " <= ": " < ",
        " < ": " <= ",
        " >= ": " > ",
        " > ": " >= ",
        " <> ": " = ",
    }
    WORD = re.compile("|".join(sorted(map(re.escape, WORDS), key=len, reverse=True)))
    STATEMENT = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|EXISTS|WHEN|AND)\b")

    def _words(self, node: NodeOrLeaf) -> list[re.Match[str]]:
        is_text = isinstance(node, Leaf) and node.type in ("string", "fstring_string")
        if not is_text or not self.STATEMENT.search(node.value):
            return []
        return list(self.WORD.finditer(node.value))

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        """Yield the place of the text once for each word in it."""
        for _word in self._words(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Replace that word."""
        word = self._words(node)[index]
        node.value = node.value[: word.start()] + self.WORDS[word[0]] + node.value[word.end() :]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Return one fault."""
        return (Example('"WHERE a AND b"', '"WHERE a OR b"'),)


def operators() -> list[Operator]:
    """Return all kinds of faults."""
    of_cosmic_ray = [get_operator(f"core/{name}")() for name in OF_COSMIC_RAY]
    return [*of_cosmic_ray, RemoveCall(), DropCondition(), LetThrough(), ChangeSql()]

"""Make the mutants of a file: its text with one fault in it."""

import ast
import difflib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutants.operators import operators


def module_of(file: str) -> str:
    """Return the name that a file is imported by."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(frozen=True)
class Mutant:
    """One mutant. Its lines and their function identify it; line numbers would change too often."""

    file: str
    function: str
    was: str
    became: str
    diff: str = field(compare=False, repr=False, default="")
    text: str = field(compare=False, repr=False, default="")

    @property
    def module(self) -> str:
        return module_of(self.file)

    def rank(self, seed: int) -> str:
        """Return a key that shuffles mutants, for the same seed always in the same way."""
        return sha256(f"{seed}{self!r}".encode()).hexdigest()


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file that compiles and runs otherwise than the file and the rest."""
    text = file.read_text()
    seen = {_what_runs(text)}
    for mutated in _mutated_texts(text):
        with suppress(SyntaxError):
            what_runs = _what_runs(mutated)
            if what_runs not in seen:
                seen.add(what_runs)
                yield _mutant(file, text, mutated)


def _mutated_texts(text: str) -> Iterator[str]:
    nodes = list(ast_nodes(get_ast(text)))
    for operator in operators():
        places = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        for occurrence in range(places):
            if mutated := mutate_code(text, operator, occurrence):
                yield mutated


class _Plain(ast.NodeTransformer):
    """Drop what decides nothing; write `not a == b` as `a != b`, and `not not a` as `a`.

    Annotations, asserts and docstrings are for readers, a frozen class for programmers. Whether
    others wait longer for a lock, or a row without a key is looked for first, is for speed.
    """

    FOR_SPEED_OR_READERS = {"frozen", "slots", "no_key", "skip_locked", "force_insert"}
    OPPOSITES = {ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.In: ast.NotIn}
    OPPOSITES |= {opposite: operator for operator, opposite in OPPOSITES.items()}

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), inner)):
                return inner
            case ast.UnaryOp(ast.Not(), ast.Compare(left, [operator], right)):
                if opposite := self.OPPOSITES.get(type(operator)):
                    return ast.Compare(left, [opposite()], right)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return ast.Pass()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [
            each for each in node.keywords if each.arg not in self.FOR_SPEED_OR_READERS
        ]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        is_text = isinstance(node.value, ast.Constant)
        return ast.Pass() if is_text else self.generic_visit(node)


def _what_runs(text: str) -> str:
    """Return the program without what makes no difference. Raises SyntaxError."""
    compile(text, "mutant", "exec")
    return ast.dump(_Plain().visit(ast.parse(text)))


def _mutant(file: Path, text: str, mutated: str) -> Mutant:
    old, new = text.splitlines(), mutated.splitlines()
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    _tag, start, end, new_start, new_end = next(code for code in codes if code[0] != "equal")
    diff = difflib.unified_diff(old, new, str(file), "mutant", n=2, lineterm="")
    return Mutant(
        file=str(file),
        function=_function_at(text, max(end, start + 1)),
        was=_on_one_line(old[start:end]),
        became=_on_one_line(new[new_start:new_end]),
        diff="\n".join(diff),
        text=mutated,
    )


def _function_at(text: str, line: int) -> str:
    """Return the innermost function or class with this line, or an empty text."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = [
        node.name
        for node in ast.walk(ast.parse(text))  # outer ones first
        if isinstance(node, kinds)
        and min([node.lineno, *(each.lineno for each in node.decorator_list)]) <= line
        and line <= (node.end_lineno or 0)
    ]
    return names[-1] if names else ""


def _on_one_line(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())

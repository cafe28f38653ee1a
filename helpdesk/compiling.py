"""Jinja2 templates compiled once for each language: what is the same for all its readers is worked out then, not on every page.

That is texts, icons and names of static files. Looking up a text takes as long as writing ten variables, and a page has two hundred.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.safestring import SafeString
from jinja2 import Environment, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

MARKUP = (SafeString, Markup)
# Whether a text has a character that stands for something else in markup.
_to_escape = re.compile("[&<>'\"]").search


class _Generator(CodeGenerator):
    """Writes calls of the environment's own functions as plain ones. Jinja2 would ask of each whether it wants to know the context."""

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        is_ours = isinstance(node.node, nodes.Name) and node.node.name in self.environment.globals
        if forward_caller or not is_ours:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write("environment.plainly(")
        self.visit(node.node, frame)
        self.signature(node, frame)
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        """What is written goes into a text that is markup as a whole, so that the pieces need not be: making each takes longer than escaping."""
        if not frame.eval_ctx.autoescape or frame.eval_ctx.volatile or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
            return
        self.write("environment.escaped(")


class _Template(Template):
    """Knows the environment's names and no more: what it imports is the same for all who do. Jinja2 would compare these names each time."""

    def _get_default_module(self, ctx: Context | None = None) -> Any:
        return super()._get_default_module()


class LanguageEnvironment(Environment):
    """An environment that gives out templates in the reader's language. `constants`: names of functions that depend on nothing else."""

    code_generator_class = _Generator
    template_class = _Template
    constants: frozenset[str] = frozenset()
    language = ""

    def get_template(self, name: Any, *arguments: Any, **options: Any) -> Template:
        """The template in the language of now; what it includes is in the same."""
        if self.language:
            return super().get_template(name, *arguments, **options)
        return _in(self, translation.get_language() or settings.LANGUAGE_CODE).get_template(name, *arguments, **options)

    @staticmethod
    def escaped(value: object) -> str:
        """What compiled templates write of a value: as `escape` has it."""
        if type(value) in MARKUP or (type(value) is str and not _to_escape(value)):
            return value  # type: ignore[return-value] # either is a text
        return escape(value)

    @staticmethod
    def plainly(function: Callable[..., object], *values: object, **named: object) -> object:
        """What compiled templates call a function by."""
        return function(*values, **named)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self.language:
            with translation.override(self.language):
                _Constants(self).visit(tree)
        return tree


@lru_cache(maxsize=16)
def _in(environment: LanguageEnvironment, language: str) -> LanguageEnvironment:
    made = environment.overlay()
    made.language, made.constants = language, environment.constants
    return made


class _Constants(NodeTransformer):
    """Puts what it gives in the place of a call that has nothing but constants."""

    def __init__(self, environment: LanguageEnvironment) -> None:
        self.environment = environment

    def visit_Call(self, call: nodes.Call) -> nodes.Node:
        self.generic_visit(call)
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        if name not in self.environment.constants or call.dyn_args or call.dyn_kwargs:
            return call
        try:
            values, named = [value.as_const() for value in call.args], {pair.key: pair.value.as_const() for pair in call.kwargs}
        except nodes.Impossible:
            return call
        function: Any = self.environment.globals[name]
        made = function(*values, **named)
        return nodes.TemplateData(str(made), lineno=call.lineno) if isinstance(made, SafeString) else nodes.Const(made, lineno=call.lineno)

"""Templates in one language: everything that a translation changes is settled when a template is compiled.

What this module knows that no other does: how `{% trans %}` becomes the text of one language, so that telling a page in
English costs no more than in Chinese; and that in another language every address which a template writes out begins
with the language's prefix. `/en/…` is the same site as `/…`: `Languages` takes the prefix off before anybody looks.
What is compiled is kept where Python keeps its compiled modules: compiling was a tenth of a server's start.
"""

from __future__ import annotations

import hashlib
import marshal
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import BytecodeCache, Environment, nodes
from jinja2.bccache import Bucket
from jinja2.ext import InternationalizationExtension
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from public_site import languages, workings

ONLY_CHINESE = ("/console", "/static", "/open311", "/healthz", "/readyz", "/metrics", "/.well-known", "/robots.txt")
_ADDRESS = re.compile(
    r'(\b(?:href|action|formaction|hx-get|hx-post)=")/(?!/|static/|readyz|console|open311|\.well-known)'
)
_SIGN = r"[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
_CHINESE = re.compile(rf"({_SIGN}(?:[^A-Za-z“”‘’<>]*{_SIGN})?)")
_PLACE = re.compile(r"%\((\w+)\)s")


def prefix(language: str) -> str:
    """What the addresses of a language begin with."""
    return "" if language == languages.CHINESE else f"/{language}"


class Compiled(BytecodeCache):
    """The templates of a language as they were compiled before: each came from its text, the texts it is told in, the modules
    that settle them and set the templates up, and Jinja as it was."""

    def __init__(self, language: str, folder: Path = workings.FOLDER) -> None:
        self._language = language
        self._folder = folder
        here = Path(__file__)
        files = (languages.CATALOG, Path(languages.__file__), here, here.with_name("pages.py"))
        came_from = [f"{jinja2.__version__} {language}".encode(), *(file.read_bytes() for file in files)]
        self._came_from = b"".join(hashlib.sha256(part).digest() for part in came_from)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the bucket its code, where it is kept."""
        code = workings.kept(self._name(bucket), self._came_from + bucket.checksum.encode(), self._folder)
        if code is not None:
            bucket.code = marshal.loads(code)  # noqa: S302 - trusted as Python trusts what lies in the same folder

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the bucket's code."""
        came_from = self._came_from + bucket.checksum.encode()
        workings.keep(self._name(bucket), came_from, marshal.dumps(bucket.code), self._folder)

    def _name(self, bucket: Bucket) -> str:
        return f"template-{bucket.key}.{self._language}"


class Templates(Environment):
    """The templates in one language."""

    def __init__(self, language: str, **settings: Any) -> None:
        super().__init__(extensions=[_Trans], **settings)
        self.policies["ext.i18n.trimmed"] = True
        self.language = language
        self.globals |= {"_": self.told, "root": prefix(language), "lang": languages.TAGS[language]}
        self.globals |= {"original": self._original, "named": self._named, "term": self._term}
        self.globals |= {"retold": self._retold, "mixed": self._mixed}

    def told(self, text: str, **values: object) -> str:
        """`_` in templates: a text of ours in the page's language."""
        told = languages.forms(text, self.language)[0]
        told = Markup(told) if "<" in told else told  # noqa: S704 - a text of ours, such as Chinese words marked as Chinese
        return told.format(**values) if values else told

    def _original(self, text: str | None) -> str:
        """What the data say in Chinese, marked as Chinese where the page is not."""
        if not text or self.language == languages.CHINESE or not languages.HAN.search(text):
            return text or ""
        return Markup('<span lang="zh-CN">{}</span>').format(text)

    def _named(self, name: str) -> str:
        """A name out of the data: in another language with its pinyin."""
        if self.language == languages.CHINESE or not (spelled := languages.romanised(name)):
            return name
        return Markup('<span lang="zh-CN">{}</span> <span class="latin" lang="zh-Latn">{}</span>').format(name, spelled)

    def _term(self, text: str | None) -> str:
        """A term of the reference tables (an industry, a grade's title) in the page's language; any other text as it is."""
        if not text or self.language == languages.CHINESE:
            return text or ""
        told = [(part, self.told(part)) for part in text.split("/")]  # a part of an industry stands behind it
        return Markup(": ").join(english if english != part else self._original(part) for part, english in told)

    def _mixed(self, text: str) -> str:
        """A sentence of the page's language that may hold Chinese words out of the data or of addresses: those marked."""
        if self.language == languages.CHINESE or not languages.HAN.search(text) or "<" in text:
            return text
        pieces = _CHINESE.split(text.unescape() if isinstance(text, Markup) else text)
        chinese = Markup('<span lang="zh-CN">{}</span>')
        return Markup("").join(chinese.format(piece) if at % 2 else escape(piece) for at, piece in enumerate(pieces))

    def _retold(self, text: str) -> str:
        """What was written down in Chinese for good (an answer, a check of a receipt), in the page's language."""
        parts = () if self.language == languages.CHINESE else languages.recognised(text)
        if not parts:
            return self._original(text)
        return Markup(" ").join(self._filled(part, values) for part, values in parts)

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        shown = {name: self._term(value) for name, value in values.items()}
        return Markup(self.told(text)).format(**shown) if values else self.told(text)  # noqa: S704 - the program's own

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        found: nodes.Template = _Settled(self).visit(super()._parse(source, name, filename))
        if root := prefix(self.language):
            for text in found.find_all(nodes.TemplateData):
                text.data = _ADDRESS.sub(rf"\1{root}/", text.data)
        return found


class _Settled(NodeTransformer):
    """Calls whose answer is known when a template is compiled, replaced by it: they stand in every row of a list."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja's name
        """`_("…")` is its text; in Chinese, what the data say is itself."""
        self.generic_visit(node)
        if not isinstance(node.node, nodes.Name) or len(node.args) != 1 or node.kwargs:
            return node
        said = node.args[0]
        if node.node.name == "_" and isinstance(said, nodes.Const):
            return nodes.Const(self._templates.told(said.value), lineno=node.lineno)
        if node.node.name in _OF_DATA and self._templates.language == languages.CHINESE:
            return nodes.Or(said, nodes.Const(""), lineno=node.lineno)
        return node


_OF_DATA = frozenset({"original", "named", "term", "retold", "mixed"})


class _Trans(InternationalizationExtension):
    def _make_node(
        self,
        singular: str,
        plural: str | None,  # noqa: ARG002 - the catalogue has it
        context: str | None,
        variables: dict[str, nodes.Expr],
        plural_expr: nodes.Expr | None,
        vars_referenced: bool,  # noqa: ARG002 - this and the last are Jinja's, for translating at run time
        num_called_num: bool,  # noqa: ARG002
    ) -> nodes.Output:
        """The text itself; where the language tells one thing from many, both and the choice between them."""
        assert isinstance(self.environment, Templates)
        text = languages.P_(context, singular) if context else singular
        told = languages.forms(text, self.environment.language)
        one = _output(told[0], variables)
        if plural_expr is None or len(told) == 1:
            return one
        many = _output(told[1], variables)
        is_one = nodes.Compare(plural_expr, [nodes.Operand("eq", nodes.Const(1))])
        return nodes.If(is_one, [one], [], [many])  # type: ignore[return-value]  # a statement stands wherever an Output does


def _output(text: str, variables: dict[str, nodes.Expr]) -> nodes.Output:
    """A text with `%(name)s` for each value, as the nodes that print it."""
    pieces: list[nodes.Expr] = []
    for at, piece in enumerate(_PLACE.split(text)):
        if at % 2:
            pieces.append(variables[piece])
        elif piece:
            pieces.append(nodes.TemplateData(piece.replace("%%", "%")))
    return nodes.Output(pieces)


class Languages:
    """The layer that knows which language a URL asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = prefix(languages.ENGLISH)
        path: str = scope.get("path", "")
        rest = path[len(root) :] or "/"
        if scope["type"] != "http" or not f"{path}/".startswith(f"{root}/") or rest.startswith(ONLY_CHINESE):
            await self.app(scope, receive, send)
            return

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers["Content-Language"] = languages.TAGS[languages.ENGLISH]
                if headers.get("location", "").startswith("/"):
                    headers["Location"] = root + headers["location"]
            await send(message)

        with languages.using(languages.ENGLISH):
            await self.app({**scope, "path": rest, "raw_path": rest.encode()}, receive, finish)

"""Markdown as HTML: what the chapters use, and an error with file and line for all else."""

import hashlib
import posixpath
import re
from html import escape
from pathlib import Path
from typing import Callable

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

import paint
from source import ROOT

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
KNOWN = {"blockquote", "bullet_list", "code_inline", "em", "fence", "hardbreak", "heading", "html_block", "image", "inline", "link",
         "list_item", "ordered_list", "paragraph", "s", "softbreak", "strong", "table", "tbody", "td", "text", "th", "thead", "tr"}
LANGUAGES = {"", "bash", "cmake", "console", "cpp", "ini", "json", "mermaid", "proto", "python", "sh", "text"}
FENCE = re.compile(r'(\w*)((?: title="[^"]+"| figures| (?:needs|stage)=\w+)*) *')
CALLOUTS = {"NOTE": "Note", "TIP": "Tip", "IMPORTANT": "Important", "WARNING": "Warning", "CAUTION": "Caution"}
CALLOUT = re.compile(r"\[!(\w+)\]")
HTML = re.compile(r"\s*(?:<details>\s*<summary>[^<]*</summary>|</details>|<!--.*?-->)\s*", re.S)
RAW = re.compile(r"~~|\[\^|^\[[ xX]\] |\]\(|\]\[|\$\$|^:::|^\||^(?:---|\+\+\+)$|\*\*|https?://|\[![A-Z]+\]")  # of other dialects


class Wrong(Exception):
    """FILE:LINE: what the book cannot show."""


class Document:
    """A Markdown file. Its sections are found by their headings' anchors."""

    def __init__(self, file: Path):
        self.file = file
        self.path = str(file.relative_to(ROOT))
        self.page = self.path.removesuffix(".md") + ".html"
        self.tokens = PARSER.parse(file.read_text())
        self.headings: list[tuple[int, str, str, int]] = []  # level, text, anchor, where in tokens
        for at, token in enumerate(self.tokens):
            self._check(token)
            if token.type == "heading_open":
                self._heading(at, token)
            elif token.type == "th_open" and not self.tokens[at + 1].content:  # a corner, and the head of nothing
                token.tag = self.tokens[at + 2].tag = "td"
            elif token.type == "blockquote_open":
                self._callout(token, self.tokens[at + 2])  # of its first paragraph
        self.title = self.headings[0][1] if self.headings else file.name

    def wrong(self, line: int, what: str) -> Wrong:
        return Wrong(f"{self.path}:{line}: {what}")

    def diagrams(self) -> list[str]:
        return [token.content for token in self.tokens if token.type == "fence" and token.info == "mermaid"]

    def _check(self, token: Token) -> None:
        line = token.map[0] + 1 if token.map else 0
        for one in [token, *(token.children or [])]:
            kind = re.sub(r"_(?:open|close)$", "", one.type)
            one.meta["line"] = line
            if one.type == "softbreak":
                line += 1
            elif one.type == "html_block" and not HTML.fullmatch(one.content) or kind not in KNOWN:
                raise self.wrong(line, f"the book does not know this Markdown ({kind}): {one.content.strip()[:60]}")
            elif kind == "fence":
                info = FENCE.fullmatch(one.info)
                if not info or info[1] not in LANGUAGES:
                    raise self.wrong(line, f"the book does not know this kind of block: {one.info}")
            elif one.type == "text" and (raw := RAW.search(one.content)) and not CALLOUT.fullmatch(one.content):
                raise self.wrong(line, f"the book does not know this Markdown: {one.content[raw.start():][:60]}")

    def _heading(self, at: int, token: Token) -> None:
        text = "".join(one.content for one in self.tokens[at + 1].children)
        anchor = first = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        taken = {heading[2] for heading in self.headings}
        for number in range(1, 99):
            if anchor not in taken:
                break
            anchor = f"{first}-{number}"
        token.attrSet("id", anchor)
        self.headings.append((int(token.tag[1]), text, anchor, at))

    def _callout(self, token: Token, inline: Token) -> None:
        children = inline.children or []
        kind = CALLOUT.fullmatch(children[0].content) if children else None
        if kind and kind[1] not in CALLOUTS:
            raise self.wrong(token.map[0] + 1, f"the book does not know this kind of callout: {kind[1]}")
        if kind:
            token.meta["callout"] = CALLOUTS[kind[1]]
            inline.children = children[2:]

    def section(self, anchor: str) -> list[Token]:
        """From the heading to the next one of its level."""
        level, _, _, begin = next(heading for heading in self.headings if heading[2] == anchor)
        end = next((at for other, _, _, at in self.headings if at > begin and other <= level), len(self.tokens))
        return self.tokens[begin:end]

    def sections(self) -> list[tuple[str, str, str]]:
        """Each heading of the first two levels: its text, its anchor, and the words of its section, for search."""
        heads = [heading for heading in self.headings if heading[0] <= 2]
        ends = [heading[3] for heading in heads[1:]] + [len(self.tokens)]
        return [(text, anchor, words_of(self.tokens[at:end])) for (_, text, anchor, at), end in zip(heads, ends)]


def words_of(tokens: list[Token]) -> str:
    """What one reads, without code and markup."""
    inline = (token.children for token in tokens if token.type == "inline" and token.children)
    return " ".join("".join(one.content or " " for one in children) for children in inline)


def relative(page: str, target: str) -> str:
    """From one page to another, which may have an anchor."""
    path, mark, anchor = target.partition("#")
    return mark + anchor if path == page and mark else posixpath.relpath(path, posixpath.dirname(page) or ".") + mark + anchor


def link(page: str, target: str, text: str) -> str:
    return f'<a href="{relative(page, target)}">{text}</a>'


class Writer(RendererHTML):
    """Writes documents for pages: a method for each kind of token that is not written as usual. What stands in the repository and not
    in Markdown is asked of the book. target(path): the page for a file or folder; piece(document, title, code, line, page): what
    stands above a block."""

    def __init__(self, target: Callable[[str], str | None], piece: Callable[[Document, str, str, int, str], str]):
        super().__init__()
        self._target, self._piece = target, piece

    def write(self, document: Document, tokens: list[Token], page: str) -> str:
        return self.render(tokens, PARSER.options, {"document": document, "page": page})

    def _address(self, token: Token, link: str, env) -> str:
        if re.match(r"[a-z]+:", link):
            return link
        path, mark, anchor = link.partition("#")
        document = env["document"]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document.path), path)) if path else document.path
        target = self._target(path)
        if target is None:
            raise document.wrong(token.meta["line"], f"there is nothing at {link}")
        return escape(relative(env["page"], target + mark + anchor))

    def blockquote_open(self, tokens, at, options, env):
        kind = tokens[at].meta.get("callout")
        return f'<aside class="callout {kind.lower()}" aria-label="{kind}"><b class=kind>{kind}</b>' if kind else "<blockquote>"

    def blockquote_close(self, tokens, at, options, env):
        opened = next(token for token in reversed(tokens[:at]) if token.type == "blockquote_open" and token.level == tokens[at].level)
        return "</aside>" if "callout" in opened.meta else "</blockquote>"

    def table_open(self, tokens, at, options, env):
        return '<div class=wide tabindex=0 role=group aria-label="Table"><table>'

    def table_close(self, tokens, at, options, env):
        return "</table></div>"

    def link_open(self, tokens, at, options, env):
        return f'<a href="{self._address(tokens[at], tokens[at].attrGet("href"), env)}">'

    def image(self, tokens, at, options, env):
        return f'<img src="{self._address(tokens[at], tokens[at].attrGet("src"), env)}" alt="{escape(tokens[at].content)}">'

    def fence(self, tokens, at, options, env):
        token, page = tokens[at], env["page"]
        language, rest = FENCE.fullmatch(token.info).groups()
        if language == "mermaid":
            return diagram(token.content, page)
        if language == "console":
            return block(console(token.content), "", " transcript")
        title = re.search(r'title="([^"]+)"', rest)
        head = self._piece(env["document"], title[1], token.content, token.meta["line"], page) if title else ""
        return block(f"<pre>{paint.lines(token.content, language)}</pre>", head)


def block(code: str, head: str = "", kind: str = "") -> str:
    """Code with a head, in which there will be a button that copies it."""
    bare = "" if head else " class=bare"
    return (f'<figure class="code{kind}"><figcaption{bare}>{head}</figcaption>'
            f"<div class=scroll tabindex=0 role=group aria-label=Code>{code}</div></figure>")


def console(content: str) -> str:
    """A transcript, of which one copies the commands."""
    lines = escape(content).splitlines()
    spans = (f"<span><b class=prompt>$ </b>{line[2:]}\n</span>" if line.startswith("$ ") else f"<span class=o>{line}\n</span>" for line in lines)
    return f"<pre>{''.join(spans)}</pre>"


def diagram(text: str, page: str) -> str:
    picture = picture_of(text)
    code = f"<pre>{escape(text)}</pre>"
    if not picture.exists():
        return block(code)
    kind = text.split(maxsplit=1)[0].removesuffix("Diagram")
    source = relative(page, f"pictures/{picture.name}")
    return (f'<figure class=diagram><img src="{source}" alt="{kind} diagram; its text is below"><details><summary>as text</summary>'
            f"<div class=scroll tabindex=0 role=group aria-label=Diagram>{code}</div></details></figure>")


def picture_of(text: str) -> Path:
    return ROOT / "build/pictures" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.svg"

"""What one begins a step with: its .cpp files, without what the step is about.

A file is parted at its top level, which is enough for code that clang-format has laid out. Functions
that the header declares become stubs that compile and fail; what is as it was in the stage before
stays, in the learner's own words; what was, and changes now, stands at the end under `#if 0`.
"""

import re
from dataclasses import dataclass

INCLUDE = '#include "not_written.hpp"'
_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL)


@dataclass
class Chunk:
    """A piece of a file that stands for itself: a declaration with the comment above it."""
    text: str
    kind: str  # include, open, close (of a namespace), comment, function, data
    hidden: bool  # in an anonymous namespace: no other file knows it
    gap: bool  # a blank line stands above it

    @property
    def is_code(self) -> bool:
        return self.kind in ("function", "data")

    @property
    def is_edge_of_hidden(self) -> bool:
        return self.text == "namespace {" or self.kind == "close" and self.text.endswith("namespace")

    @property
    def code(self) -> str:
        """Without comments and with blanks that mean nothing: what two chunks are compared by."""
        return re.sub(r"\s+", " ", re.sub(r"//[^\n]*", "", self.text)).strip()

    @property
    def head(self) -> str:
        """Of a function: all that stands before its body, but for a `try` around it and the initializers."""
        head = self.text[:_body(self.text)]
        found = re.search(r"\s*\btry(?=\s*:|\s*$)", _blank(head))
        return head[:found.start()] + head[found.end():] if found else head

    @property
    def name(self) -> str:
        """As in `Session::run`; of data, the last word before its value."""
        text = self.code
        if self.kind == "function":
            head = _before_parameters(text)
            found = re.search(r"([\w:~]+|(?:\w+::)*operator\W{1,3})\s*$", head)
        else:
            found = re.search(r"(?:struct|class|enum|using)\s+(?:class\s+)?(\w+)|(\w+)\s*[=({\[;]", text)
        return next((group for group in found.groups() if group), "") if found else ""

    @property
    def key(self) -> str:
        """What it is called by: of functions, with the parameters, for there may be two of a name."""
        return Chunk(self.head, "", False, False).code if self.kind == "function" else self.name

    @property
    def words(self) -> set[str]:
        return set(re.findall(r"[A-Za-z_]\w*", _blank(self.text)))


def _blank(text: str) -> str:
    """The same length, with blanks in place of comments and of what is in quotes."""
    return _TOKEN.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def _before_parameters(code: str) -> str:
    depth = 0
    for at, char in enumerate(code):
        depth += (char == "<") - (char == ">")
        if char == "(" and depth <= 0:
            rest = code[:at].rstrip()
            return rest + "()" if rest.endswith("operator") else rest
    return code


def _body(text: str) -> int:
    """Where the body of a function begins: the last brace that stands outside of all others, and is
    not that of a `catch` behind it."""
    depth, begin = 0, len(text)
    blank = _blank(text)
    for at, char in enumerate(blank):
        if char in "({[":
            if char == "{" and depth == 0:
                begin = at
            depth += 1
        elif char in ")}]":
            depth -= 1
            if depth == 0 and re.match(r"\}\s*catch\b", blank[at:]):
                break
    return begin


def chunks_of(text: str) -> list[Chunk]:
    chunks: list[Chunk] = []
    pending: list[str] = []  # lines that are not yet a whole piece
    namespaces: list[str] = []
    depth = 0

    gap = False

    def add(kind: str) -> None:
        nonlocal gap
        if pending:
            chunks.append(Chunk("\n".join(pending), kind, "" in namespaces, gap))
            pending.clear()
            gap = False

    for line, blank in zip(text.split("\n"), _blank(text).split("\n")):
        code = blank.strip()
        begins = depth == 0 and all(not part.strip() for part in _blank("\n".join(pending)).split("\n"))
        if begins and not line.strip():
            add("comment")
            gap = True
        elif begins and code.startswith("#"):
            add("comment")
            pending.append(line)
            add("include")
        elif begins and (found := re.match(r"namespace\s*([\w:]*)\s*\{$", code)):
            add("comment")
            pending.append(line)
            add("open")
            namespaces.append(found.group(1))
        elif begins and code == "}":
            add("comment")
            pending.append(line)
            namespaces.pop()
            add("close")
        else:
            pending.append(line)
            depth += sum(map(blank.count, "({[")) - sum(map(blank.count, ")}]"))
            if depth == 0 and code.endswith((";", "}")):
                add("function" if code.endswith("}") else "data")
    add("comment")
    return chunks


def _is_trivial(chunk: Chunk) -> bool:
    return not re.sub(r"[{}\s]", "", _blank(chunk.text[_body(chunk.text):]))


def _stub(chunk: Chunk) -> str:
    return f'{chunk.head.rstrip()} {{\n  not_written("{chunk.name}");\n}}'


def _used_by(seeds: list[str], hidden: list[Chunk]) -> list[Chunk]:
    """Those of `hidden` that the texts use, also by way of others."""
    words = set().union(*(Chunk(text, "", False, False).words for text in seeds))
    used: list[Chunk] = []
    while more := [chunk for chunk in hidden if chunk.name in words and chunk not in used]:
        used += more
        words = words.union(*(chunk.words for chunk in more))
    return [chunk for chunk in hidden if chunk in used]


def stub(final: str, before: str = "", mine: str = "") -> str:
    """The file to begin with. `final`: as its step leaves it; `before`: as the stage before has it;
    `mine`: as the learner wrote it there."""
    codes_before = {chunk.code for chunk in chunks_of(before)}
    keys_before = {chunk.key for chunk in chunks_of(before) if chunk.is_code}
    own = {chunk.key: chunk for chunk in chunks_of(mine or before) if chunk.is_code}
    final_chunks = chunks_of(final)
    stays = {chunk.key for chunk in final_chunks if chunk.is_code and chunk.code in codes_before}
    grown = {chunk.name for chunk in final_chunks
             if chunk.hidden and chunk.kind == "data" and chunk.key in keys_before - stays}
    stays -= {chunk.key for chunk in final_chunks if not chunk.hidden and chunk.words & grown}  # it would not compile
    kept = [chunk for key, chunk in own.items() if key in stays]
    lines: list[str] = []  # but for what is hidden
    for chunk in final_chunks:
        text = chunk.text
        if chunk.hidden or chunk.is_edge_of_hidden:
            continue
        if chunk.key in stays and chunk.key in own:
            text = own[chunk.key].text
        elif chunk.kind == "function" and chunk.key not in stays and not _is_trivial(chunk):
            text = _stub(chunk)
        lines += [""] * chunk.gap + [text]
    hidden = [chunk for chunk in own.values() if chunk.hidden]
    to_write = {chunk.name.split("::")[-1] for chunk in final_chunks if chunk.kind == "function" and not chunk.hidden}
    used = _used_by(lines, [chunk for chunk in hidden if chunk.name not in to_write])
    hidden = [chunk for chunk in hidden if chunk in kept or chunk in used]
    keys = {chunk.key for chunk in hidden}
    hidden += _used_by(lines, [c for c in final_chunks if c.hidden and c.is_code and c.key not in keys])
    gone = [chunk for chunk in own.values() if chunk not in kept and chunk not in hidden]
    return _assembled(lines, hidden, gone, [c.text for c in chunks_of(mine) if c.kind == "include"])


def _last_include(lines: list[str]) -> int:
    """Where the last include stands that is there whatever an #if says; -1: nowhere."""
    last, depth = -1, 0
    for at, line in enumerate(lines):
        if line.startswith("#"):
            depth += line.startswith("#if") - line.startswith("#endif")
            if depth == 0 and line.startswith("#include"):
                last = at
    return last


def _assembled(lines: list[str], hidden: list[Chunk], gone: list[Chunk], includes: list[str]) -> str:
    last = _last_include(lines)
    more = [line for line in includes if line not in lines and line.startswith("#include")]
    lines[last + 1:last + 1] = more + [INCLUDE]
    if hidden:
        at = next((at for at, line in enumerate(lines) if re.match(r"namespace \w+ \{", line)), last + 1 + len(more))
        inside = [line for chunk in hidden for line in [""] * chunk.gap + [chunk.text]]
        lines[at + 1:at + 1] = ["namespace {", *inside, "", "}  // namespace"]
    if gone:
        lines += ["", "// From the stage before; some of it changes here, some goes.", "#if 0"]
        lines += [line for chunk in gone for line in ("", chunk.text)] + ["", "#endif"]
    return "\n".join(lines).rstrip("\n") + "\n"

"""Code as HTML: coloured, a line a span; of a difference, with what changed within a line marked."""

import re
from difflib import SequenceMatcher
from html import escape
from typing import Callable

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, String

Piece = tuple[str, str]  # an element (i: comment, b: keyword, u: string) or '', and its text
Link = Callable[[str, str, str], str]  # the address for a word between what stands before and after it, or ''

# Nearly all here is C++: two megabytes, for which Pygments takes 15 seconds, and this one.
KEYWORDS = ("alignas alignof auto bool break case catch char class co_await co_return co_yield concept const consteval constexpr "
            "constinit const_cast continue decltype default delete do double dynamic_cast else enum explicit extern false final "
            "float for friend goto if inline int long mutable namespace new noexcept nullptr operator override private protected "
            "public reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template "
            "this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile while")
CPP = re.compile(r'''(?P<i>//[^\n]*|/\*.*?\*/)
                 | (?P<u>R"(?P<d>\w*)\(.*?\)(?P=d)" | "(?:\\.|[^"\\\n])*" | (?<!\w)'(?:\\.|[^'\\\n])+' | (?<=include[ ])<[^>\n]+>)
                 | (?P<b>\#\ *\w+ | \b(?:''' + KEYWORDS.replace(" ", "|") + r")\b)", re.X | re.S)
WORD = re.compile(r"[A-Za-z_]\w+")
FOLDED = 3  # unchanged lines that stay in sight around a change, as in git diff


def pieces(code: str, language: str) -> list[list[Piece]]:
    """For each line, what it consists of."""
    lines: list[list[Piece]] = [[]]
    for element, text in _cpp(code) if language in ("cpp", "hpp") else _other(code, language):
        first, *others = text.split("\n")
        lines[-1].append((element, first))
        lines += [[(element, other)] for other in others]
    return lines[:-1] if code.endswith("\n") else lines


def _cpp(code: str):
    end = 0
    for found in CPP.finditer(code):
        yield "", code[end:found.start()]
        yield found.lastgroup if found.lastgroup != "d" else "u", found[0]
        end = found.end()
    yield "", code[end:]


def _other(code: str, language: str):
    if language in ("", "txt", "text"):
        yield "", code
        return
    for kind, text in get_lexer_by_name(language, stripnl=False, ensurenl=False).get_tokens(code):
        yield "i" if kind in Comment else "b" if kind in Keyword else "u" if kind in String else "", text


def html(line: list[Piece], marks: list[tuple[int, int]] = (), link: Link | None = None) -> str:
    """A line; marks: the columns that are marked; link: where a word leads."""
    text, column, whole = "", 0, "".join(part for _, part in line)
    for element, part in line:
        cuts = sorted({0, len(part), *(min(max(at - column, 0), len(part)) for mark in marks for at in mark)})
        inner = ""
        for begin, end in zip(cuts, cuts[1:]):
            cut = part[begin:end]
            shown = _linked(cut, column + begin, whole, link) if link and not element else escape(cut, quote=False)
            marked = any(mark[0] <= column + begin < mark[1] for mark in marks)
            inner += f"<mark>{shown}</mark>" if marked else shown
        text += f"<{element}>{inner}</{element}>" if element and part else inner
        column += len(part)
    return text


def _linked(text: str, column: int, whole: str, link: Link) -> str:
    out, end = "", 0
    for word in WORD.finditer(text):
        target = link(word[0], whole[:column + word.start()], whole[column + word.end():])
        if target:
            out += f"{escape(text[end:word.start()], quote=False)}<a href={target}>{word[0]}</a>"
            end = word.end()
    return out + escape(text[end:], quote=False)


def lines(code: str, language: str, ids: bool = False, link: Link | None = None) -> str:
    """A whole file, or a piece of one."""
    return "".join(f"<span{f' id=L{number}' if ids else ''}>{html(line, link=link)}\n</span>"
                   for number, line in enumerate(pieces(code, language), 1))


def words(old: str, new: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """What differs between two lines, as columns of each; nothing where they have too little in common."""
    split = [[(word.start(), word.end(), word[0]) for word in re.finditer(r"\w+|\s+|.", line)] for line in (old, new)]
    matcher = SequenceMatcher(None, *[[word[2] for word in side] for side in split], autojunk=False)
    same = sum(len(word[2].strip()) for at, _, count in matcher.get_matching_blocks() for word in split[0][at:at + count])
    if same * 4 < len(old.strip() + new.strip()):
        return [], []
    marks: tuple[list, list] = ([], [])
    for what, *ends in matcher.get_opcodes():
        for side, (begin, end) in enumerate((ends[:2], ends[2:])):
            if what != "equal" and begin < end:
                marks[side].append((split[side][begin][0], split[side][end - 1][1]))
    return marks


def marks_of(rows: list[tuple[str, str]]) -> dict[int, list[tuple[int, int]]]:
    """For each row of a difference the columns to mark: the first line that went is compared with the first that came."""
    marks: dict[int, list[tuple[int, int]]] = {}
    at = 0
    while at < len(rows):
        gone = _run(rows, at, "-")
        come = _run(rows, gone, "+")
        for old, new in zip(range(at, gone), range(gone, come)):
            marks[old], marks[new] = words(rows[old][1], rows[new][1])
        at = max(come, at + 1)
    return marks


def _run(rows: list[tuple[str, str]], at: int, sign: str) -> int:
    while at < len(rows) and rows[at][0] == sign:
        at += 1
    return at


def difference(rows: list[tuple[str, str]], language: str) -> str:
    """Its lines; what is unchanged is folded, but for a few lines around each change."""
    old = iter(pieces("".join(f"{line}\n" for sign, line in rows if sign != "+"), language))
    new = iter(pieces("".join(f"{line}\n" for sign, line in rows if sign != "-"), language))
    near = {row + step for row, (sign, _) in enumerate(rows) if sign != " " for step in range(-FOLDED, FOLDED + 1)}
    marks, out, number, fold = marks_of(rows), "", 0, None
    for row, (sign, _) in enumerate(rows):
        before, after = next(old) if sign != "+" else None, next(new) if sign != "-" else None
        if (row not in near) != fold:
            fold = row not in near
            hidden = next((at for at in range(row, len(rows)) if at in near), len(rows)) - row
            out += "</pre></details>" if out and not fold else "</pre>" if out else ""
            out += f"<details><summary>{hidden} unchanged line{'s' * (hidden > 1)}</summary>" * fold
            out += f'<pre style="counter-set:line {number}">'
        number += sign != "-"
        kind = {"+": " class=a", "-": " class=d", " ": ""}[sign]
        out += f"<span{kind}>{html(after or before, marks.get(row, ()))}\n</span>"
    return out + ("</pre></details>" if fold else "</pre>")

"""From bytes to commands and back, for server_in_python.py: the Redis protocol of stage 1, as it is
drawn in its src/wire/resp.hpp, and stage 3's messages, written from the description of protobuf's
encoding alone (protobuf.dev/programming-guides/encoding)."""

import re

# ---- stage 1: the Redis protocol ----

LINE_MAX, WORDS_MAX, REQUEST_MAX = 1 << 16, 1 << 20, 4 << 20
WORD = re.compile(rb"""([^\s"']*)  # and behind it, or in its place, a part in quotes that ends it
                       (?: " ((?: \\. | [^"\\] )*) " | ' ((?: \\' | [^'\\] | \\(?!') )*) ' )?
                       (?: \s+ | $ )""", re.DOTALL | re.VERBOSE)
NUMBER = re.compile(rb"0|-?[1-9][0-9]{,18}")  # only as it would be printed
ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


class ProtocolError(Exception):
    """Nothing that stands behind it makes sense any more."""


def read_line(reader, end, end_bytes, too_long):
    """What stands before `end`. Taken with it are the `end_bytes` that begin there."""
    while (length := reader.bytes.find(end, 0, LINE_MAX + 1)) < 0:
        if len(reader.bytes) > LINE_MAX:
            raise ProtocolError(b"too big " + too_long)
        reader.more()
    return reader.take(length + end_bytes)[:length]


def read_number(reader, name, least, most, too_long):
    """Behind a '*' or '$'."""
    digits = read_line(reader, b"\r", 2, too_long)[1:]
    if not NUMBER.fullmatch(digits) or not least <= int(digits) <= most:
        raise ProtocolError(b"invalid %s length" % name)
    return int(digits)


def read_bulk(reader, room):
    reader.wait_for(1)
    if not reader.bytes.startswith(b"$"):
        raise ProtocolError(b"expected '$', got '%c'" % reader.bytes[0])
    length = read_number(reader, b"bulk", 0, REQUEST_MAX, b"bulk count string")
    if length > room:
        raise ProtocolError(b"too big request")
    return reader.take(length + 2)[:length]  # whichever two bytes stand behind it


def read_command(reader):
    """The words of the next one, which is an array or a line."""
    words = []
    while not words:  # an empty one of either asks for nothing
        reader.wait_for(1)
        if not reader.bytes.startswith(b"*"):
            words = split_words(read_line(reader, b"\n", 1, b"inline request"))
            continue
        room = REQUEST_MAX
        count = read_number(reader, b"multibulk", -1 << 63, WORDS_MAX, b"mbulk count string")
        for _ in range(count):
            words.append(read_bulk(reader, room))
            room -= len(words[-1])
    return words


def split_words(line):
    words, line = [], line.strip()
    while line:
        word = WORD.match(line)
        if not word:
            raise ProtocolError(b"unbalanced quotes in request")
        bare, double, single = word.groups(b"")
        words.append(bare + ESCAPE.sub(unescaped, double) + single.replace(b"\\'", b"'"))
        line = line[word.end():]
    return words


def unescaped(escape):
    return bytes([int(escape[1], 16)]) if escape[1] else ESCAPED.get(escape[2], escape[2])


def resp_error(text):
    return b"-ERR " + re.sub(rb"[\r\n]", b" ", text) + b"\r\n"


# ---- stage 3: messages in protobuf's encoding ----

HGET, HGETALL, HMGET, HSET, HMSET, HDEL, HMDEL, HEXIST, HMEXIST = range(1, 10)  # in CommandRequest
PING, HLEN = 16, 19
STRING, BINARY, INTEGER, FLOAT, BOOL = range(1, 6)  # in Value
VARINT, EIGHT_BYTES, BYTES, GROUP, GROUP_END, FOUR_BYTES = range(6)  # the types of the encoding
COMMANDS = dict.fromkeys([*range(HGET, HMEXIST + 1), PING, HLEN], BYTES)
VALUES = {STRING: BYTES, BINARY: BYTES, INTEGER: VARINT, FLOAT: EIGHT_BYTES, BOOL: VARINT}
PARTS = {1: BYTES, 2: BYTES}  # of a command: table, and key, keys, pair or pairs; of a pair


def read_varint(message, at):
    number = 0
    for shift, byte in enumerate(message[at:at + 10]):
        number |= (byte & 127) << 7 * shift
        if byte < 128:
            return number & (1 << 64) - 1, at + shift + 1
    raise ValueError("a number without an end")


def fields(message, known):
    """The fields that are known, by number and type, with their content. What stands in a group is
    not. ValueError where it is no message."""
    at, groups = 0, []
    while at < len(message):
        tag, at = read_varint(message, at)
        number, kind, content = tag >> 3, tag & 7, None
        if kind == VARINT:
            content, at = read_varint(message, at)
        elif kind in (BYTES, EIGHT_BYTES, FOUR_BYTES):
            length = 8 if kind == EIGHT_BYTES else 4
            if kind == BYTES:
                length, at = read_varint(message, at)
            content, at = message[at:at + length], at + length
        elif kind == GROUP:
            groups.append(number)
        elif kind != GROUP_END or not groups or groups.pop() != number:
            raise ValueError("a type that there is not, or the end of no group")
        if number == 0 or at > len(message):
            raise ValueError("a field without a number, or cut short")
        if not groups and known.get(number) == kind:
            yield number, content
    if groups:
        raise ValueError("a group without an end")


def text(content):
    content.decode()  # a ValueError where it is no UTF-8
    return content


def read_value(message):
    """Its member, encoded as it will be sent again; b"" if none. Of several the last counts."""
    value = b""
    for number, content in fields(message, VALUES):
        if number == STRING:
            text(content)
        value = field(number, min(content, 1) if number == BOOL else content, VALUES[number])
    return value


def read_pair(message):
    key, value = b"", b""
    for number, content in fields(message, PARTS):
        if number == 1:
            key = text(content)
        else:
            value += content  # two parts of one message are merged
    return key, read_value(value)


def read_request(message):
    """The command, its table (of PING: its message), and its pairs of a key and a value, which is
    b"" where the command has keys only. ValueError for what is no request."""
    command, content, name, pairs = None, b"", b"", []
    for number, part in fields(message, COMMANDS):
        command, content = number, content + part if number == command else part
    sets = command in (HSET, HMSET)
    for number, part in fields(content, PARTS):
        if number == 1:
            name = text(part)
        else:
            pairs.append(read_pair(part) if sets else (text(part), b""))
    if command in (HGET, HSET, HDEL, HEXIST):
        pairs = pairs[-1:]
    if command is None or command != PING and not name:
        raise ValueError("no command, or an empty table name")
    if command not in (PING, HGETALL, HLEN) and not all(key for key, _ in pairs or [(b"", b"")]):
        raise ValueError("no key, or an empty one")
    if sets and not all(value for _, value in pairs):
        raise ValueError("a pair without a value")
    return command, name, pairs


def varint(number):
    encoded = []
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def field(number, content, kind=BYTES):
    tag = varint(number << 3 | kind)
    if kind == VARINT:
        return tag + varint(content)
    return tag + (varint(len(content)) if kind == BYTES else b"") + content


def response(status, message=b"", values=(), pairs=()):
    return b"".join([field(1, status, VARINT), field(2, message) if message else b"",
                     *(field(3, value) for value in values),
                     *(field(4, field(1, key) + field(2, value)) for key, value in pairs)])

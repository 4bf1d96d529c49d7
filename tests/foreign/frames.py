#!/usr/bin/env python3
"""frames.py SERVER STAGE CHAPTER: what a program in Python with protobuf's own library sees of a
server of frames. SERVER is its program, STAGE the folder with proto/kv.proto, CHAPTER the text whose
client is tried as it stands there. Ends with 77 (skipped) where python3-protobuf is missing."""

import contextlib
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap

try:
    import google.protobuf  # noqa: F401
except ImportError:
    print("python3-protobuf is not installed")
    sys.exit(77)

program, stage, chapter = sys.argv[1:]
folder = tempfile.TemporaryDirectory()
subprocess.run(["protoc", f"-I{stage}/proto", f"--python_out={folder.name}", "kv.proto"], check=True)
sys.path.insert(0, folder.name)
from kv_pb2 import CommandRequest, CommandResponse, Kvpair, Value  # noqa: E402


@contextlib.contextmanager
def server(*flags):
    """The port of one that runs; it must end with 0."""
    if "store" in subprocess.run([program, "--help"], capture_output=True, text=True).stdout:
        flags += ("--data-dir", tempfile.mkdtemp(dir=folder.name))
    process = subprocess.Popen([program, "--port", "0", *flags], stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline().rsplit(":", 1)[1])
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")

    def send(self, *messages):
        self.socket.sendall(b"".join(struct.pack(">I", len(m)) + m for m in messages))

    def receive(self):
        (length,) = struct.unpack(">I", self.file.read(4))
        return CommandResponse.FromString(self.file.read(length))

    def ask_bytes(self, message):
        self.send(message)
        return self.receive()

    def ask(self, status=200, **command):
        response = self.ask_bytes(CommandRequest(**command).SerializeToString())
        assert response.status == status, (command, response)
        return response

    def set(self, key, **value):
        return self.ask(hset={"table": "t", "pair": {"key": key, "value": value}}).values[0]

    def get(self, key):
        return self.ask(hget={"table": "t", "key": key}).values[0]


def same(got, expected):
    assert got == expected, f"got {got!r}, expected {expected!r}"


def every_command(client):
    none, one, two = Value(), Value(integer=1), Value(string="two")
    pairs = [Kvpair(key="a", value=one), Kvpair(key="b", value=two)]
    same(client.ask(ping={}).message, "PONG")
    same(client.ask(ping={"message": "Grüße"}).message, "Grüße")
    same(list(client.ask(hset={"table": "c", "pair": pairs[0]}).values), [none])
    same(list(client.ask(hmset={"table": "c", "pairs": pairs}).values), [one, none])
    same(list(client.ask(hget={"table": "c", "key": "b"}).values), [two])
    same(list(client.ask(hmget={"table": "c", "keys": ["b", "x", "a"]}).values), [two, none, one])
    same(sorted(p.key for p in client.ask(hgetall={"table": "c"}).pairs), ["a", "b"])
    same(client.ask(hlen={"table": "c"}).values[0], Value(integer=2))
    same(client.ask(hexist={"table": "c", "key": "x"}).values[0], Value(bool=False))
    exist = client.ask(hmexist={"table": "c", "keys": ["x", "a"]}).values
    same(list(exist), [Value(bool=False), Value(bool=True)])
    same(list(client.ask(hdel={"table": "c", "key": "a"}).values), [one])
    same(list(client.ask(hmdel={"table": "c", "keys": ["a", "b"]}).values), [none, two])
    missing = client.ask(404, hget={"table": "c", "key": "a"})
    assert missing.message.startswith("Not found"), missing
    for wrong in ({}, {"hget": {}}, {"hmget": {"table": "t"}}, {"hset": {"table": "t"}}):
        client.ask(400, **wrong)


def every_type(client):
    values = [{"integer": n} for n in (0, 1, -1, 127, 128, 2**31, 2**63 - 1, -(2**63))]
    values += [{"float": x} for x in (0.0, -0.0, 1.5, float("inf"), float("-inf"), 5e-324)]
    values += [{"string": ""}, {"string": "\0 ∂ 🙂"}, {"binary": b""}, {"binary": bytes(range(256))}]
    values += [{"bool": False}, {"bool": True}]
    previous = Value()
    for value in values:
        same(client.set("typed", **value), previous)
        previous = client.get("typed")
        same(previous, Value(**value))
        same(previous.WhichOneof("value"), next(iter(value)))  # also one that is empty, or false
        same(previous.SerializeToString(), Value(**value).SerializeToString())  # -0.0 is not 0.0
    client.set("typed", float=float("nan"))
    nan = client.get("typed").float
    assert nan != nan, nan


def field(number, content):
    return bytes([number << 3 | 2, len(content)]) + content


def odd_but_legal(client):
    """Encodings that no library makes, and every one must understand."""
    client.set("k", integer=5)
    key, table, value = field(2, b"k"), field(1, b"t"), Value(integer=5)
    unknown = b"\xf8\x07\x01" + b"\xfa\x07\x03abc" + b"\xfd\x07abcd" + b"\xf9\x07abcdefgh"
    for hget in (
        key + table,  # the order of fields is free
        unknown + table + unknown + key + unknown,
        field(1, b"other") + table + field(2, b"x") + key,  # of one field twice the last counts
        b"\x8a\x00\x81\x00t" + b"\x92\x80\x00\x81\x80\x80\x00k",  # varints longer than need be
        b"\x7b\x08\x01\x7c" + table + key,  # a group
    ):
        same(list(client.ask_bytes(field(1, hget)).values), [value])
    same(list(client.ask_bytes(field(1, table) + field(1, key)).values), [value])  # two parts are merged
    # Of two members of a oneof the last one counts, a whole command or a value.
    same(list(client.ask_bytes(field(2, table) + field(1, table + key)).values), [value])
    pair = field(1, b"k") + field(2, b"\x18\x07" + field(1, b"last"))
    same(list(client.ask_bytes(field(4, table + field(2, pair))).values), [value])
    same(client.get("k"), Value(string="last"))
    # A negative number has ten bytes; a truth is any number but zero.
    for encoded, value in ((b"\x18" + b"\xff" * 9 + b"\x01", Value(integer=-1)),
                           (b"\x28\x85\x01", Value(bool=True))):
        client.ask_bytes(field(4, table + field(2, field(1, b"k") + field(2, encoded))))
        same(client.get("k"), value)
    same(client.ask_bytes(b"\xff").status, 400)
    same(client.ask_bytes(b"").status, 400)


def pipelined(client):
    """A thousand requests in one go; the answers come in their order."""
    client.send(*(CommandRequest(hset={"table": "p", "pair": {"key": "k", "value": {"integer": n}}})
                  .SerializeToString() for n in range(1000)))
    same(client.receive().values[0], Value())
    for n in range(999):
        same(client.receive().values[0], Value(integer=n))


def watch(client, port):
    watcher = Client(port)
    same(watcher.ask(watch={"table": "w"}).status, 200)
    pairs = [Kvpair(key="a", value=Value(bool=False)), Kvpair(key="b", value=Value(string=""))]
    client.ask(hmset={"table": "w", "pairs": pairs})
    client.ask(hdel={"table": "w", "key": "a"})
    same(list(watcher.receive().pairs), pairs)
    (removed,) = watcher.receive().pairs
    same((removed.key, removed.value.WhichOneof("value")), ("a", None))
    info = {pair.key: pair.value.integer for pair in client.ask(info={}).pairs}
    assert info["keys"] > 0 and info["connections"] == 2 and info["open_descriptors"] > 2, info


def authenticated():
    with open(os.path.join(folder.name, "token"), "w", encoding="utf-8") as file:
        file.write("sesame\n")
    with server("--auth-token-file", file.name) as port:
        client = Client(port)
        client.ask(401, ping={})
        client.ask(401, auth={"token": "wrong"})
        client.ask(auth={"token": "sesame"})
        client.ask(ping={})


def client_of_the_chapter(port):
    with open(chapter, encoding="utf-8") as file:
        text = re.search(r"^ *```python\n(.*?)^ *```$", file.read(), re.DOTALL | re.MULTILINE).group(1)
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(text), str(port)], cwd=folder.name,
                          capture_output=True, text=True, timeout=20, check=True)
    same(done.stdout, "200\n7\n")


with server() as port:
    client = Client(port)
    for test in (every_command, every_type, odd_but_legal, pipelined):
        test(client)
        print("ok", test.__name__)
    client_of_the_chapter(port)
    if hasattr(CommandRequest(), "watch"):
        watch(client, port)
        authenticated()
print("all is as protobuf's own library expects")

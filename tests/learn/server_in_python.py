#!/usr/bin/env python3
"""server_in_python.py --stage 1|3 [--port PORT]: what stages 1 and 3 teach, in another language.

`./learn check N --server CMD` asks a server for what its clients can see, and for nothing else.
This one has that and no more (no log, no configuration file, no bound on memory): what passes here
can be passed in any language. A thread serves a connection; in stage 1 one serves them all.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time

import wire_in_python as wire

SIGNALS = {signal.SIGTERM, signal.SIGINT}
LINGER_SECONDS = 1
NAME_MAX, VALUE_MAX = 1024, 1 << 20
VALUE_HEADER = 4  # a tag, and a length of that size


class Reader:
    """The bytes of a connection, when they are asked for. EOFError at its end; TimeoutError when it
    is silent for `idle` seconds, or does not end within `whole` seconds what it has begun."""

    def __init__(self, connection, idle=None, whole=None):
        self.connection, self.idle, self.whole = connection, idle, whole
        self.bytes, self.begun = bytearray(), None

    def more(self):
        timeout = self.idle
        if self.bytes and self.whole:
            self.begun = self.begun or time.monotonic()
            timeout = self.begun + self.whole - time.monotonic()
            if timeout <= 0:
                raise TimeoutError
        self.connection.settimeout(timeout)
        received = self.connection.recv(1 << 18)
        if not received:
            raise EOFError
        self.bytes += received

    def wait_for(self, count):
        while len(self.bytes) < count:
            self.more()

    def take(self, count):
        self.wait_for(count)
        taken = bytes(self.bytes[:count])
        del self.bytes[:count]
        self.begun = None
        return taken


def linger(connection):
    """Closes after the last word. What still comes is taken first, for a second: a close with
    unread input resets the connection, and the client would not see the answer."""
    end = time.monotonic() + LINGER_SECONDS
    with connection, contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(1 << 16):
                break


class RespServer:
    """Stage 1."""

    drain_seconds = 0

    def __init__(self, listener, _):
        self.listener = listener

    def run(self):
        while True:
            with contextlib.suppress(OSError):  # of a client that has left again
                self.serve(self.listener.accept()[0])

    def serve(self, connection):
        reader = Reader(connection)
        with contextlib.suppress(EOFError, OSError):
            try:
                while True:
                    connection.sendall(self.answer(wire.read_command(reader)))
            except wire.ProtocolError as error:
                connection.sendall(wire.resp_error(b"Protocol error: " + error.args[0]))
        linger(connection)

    @staticmethod
    def answer(words):
        if words[0].lower() == b"ping":
            if len(words) > 2:
                return wire.resp_error(b"wrong number of arguments for 'ping' command")
            return b"$%d\r\n%s\r\n" % (len(words[1]), words[1]) if len(words) == 2 else b"+PONG\r\n"
        shown = b""
        for word in words[1:]:
            if len(shown) < 128:  # as much as Redis shows
                shown += b"'%s' " % word[:128 - len(shown)]
        return wire.resp_error(b"unknown command '%s', with args beginning with: %s"
                               % (words[0][:128], shown))

    def drain(self):
        """Nothing is kept, so there is nothing to wait for."""


class Refusal(Exception):
    """A status that is not 200, and the reason."""


class FrameServer:
    """Stage 3."""

    drain_seconds = 5

    def __init__(self, listener, flags):
        self.listener, self.draining = listener, False
        self.connections_max, self.frame_max = flags["--max-connections"], flags["--max-frame"]
        self.idle_seconds = flags["--idle-timeout"] or None
        self.frame_seconds = flags["--frame-timeout"]
        self.sessions, self.tables, self.lock = {}, {}, threading.Lock()

    def run(self):
        while not self.draining:
            with contextlib.suppress(OSError):  # of a client that has left again; or we end
                connection = self.listener.accept()[0]
                full = len(self.sessions) >= self.connections_max
                thread = threading.Thread(target=self.refuse if full else self.serve,
                                          args=[connection], daemon=True)
                if not full:
                    self.sessions[connection] = thread
                thread.start()
        sessions = dict(self.sessions)
        for connection in sessions:
            with contextlib.suppress(OSError):  # it may just be closed
                connection.shutdown(socket.SHUT_RD)  # gives what has come, and then its end
        for thread in sessions.values():
            thread.join()
        os._exit(0)

    def drain(self):
        self.draining = True
        self.listener.shutdown(socket.SHUT_RDWR)

    def refuse(self, connection):
        with contextlib.suppress(OSError):
            self.send(connection, wire.response(503, b"too many connections"))
        linger(connection)

    def serve(self, connection):
        reader = Reader(connection, self.idle_seconds, self.frame_seconds)
        with contextlib.suppress(EOFError, OSError):
            try:
                while True:
                    reader.wait_for(4)
                    length = int.from_bytes(reader.bytes[:4], "big")
                    if length > self.frame_max:
                        raise Refusal(413, b"a frame of %d bytes" % length)
                    reader.wait_for(4 + length)
                    reader.take(4)
                    self.send(connection, self.answer(reader.take(length)))
            except Refusal as refusal:
                self.send(connection, wire.response(*refusal.args))
            except TimeoutError:
                if reader.bytes:
                    self.send(connection, wire.response(408, b"a frame was begun and did not end"))
        linger(connection)
        del self.sessions[connection]

    def send(self, connection, message):
        connection.settimeout(self.idle_seconds)
        connection.sendall(len(message).to_bytes(4, "big") + message)

    def answer(self, message):
        try:
            command, table, pairs = wire.read_request(message)
            if command == wire.PING:
                return self.limited(200, table or b"PONG")
            if len(table) > NAME_MAX or any(len(key) > NAME_MAX for key, _ in pairs):
                raise Refusal(413, b"a table or key of more than %d bytes" % NAME_MAX)
            if any(len(value) > VALUE_HEADER + VALUE_MAX for _, value in pairs):
                raise Refusal(413, b"a value of more than %d bytes" % VALUE_MAX)
            with self.lock:
                return self.execute(command, table, pairs)
        except ValueError as error:
            return wire.response(400, str(error).encode())
        except Refusal as refusal:
            return wire.response(*refusal.args)

    def limited(self, status, message=b"", **data):
        answer = wire.response(status, message, **data)
        if len(answer) > self.frame_max:
            raise Refusal(413, b"the answer would be larger than %d bytes" % self.frame_max)
        return answer

    def execute(self, command, table, pairs):
        rows = self.tables.get(table, {})
        if command in (wire.HSET, wire.HMSET, wire.HDEL, wire.HMDEL):
            return self.change(table, rows, pairs)
        if command == wire.HGETALL:
            return self.limited(200, pairs=rows.items())
        if command == wire.HLEN:
            return self.limited(200, values=[wire.field(wire.INTEGER, len(rows), wire.VARINT)])
        values = [rows.get(key, b"") for key, _ in pairs]
        if command in (wire.HEXIST, wire.HMEXIST):
            values = [wire.field(wire.BOOL, value != b"", wire.VARINT) for value in values]
        if command == wire.HGET and values == [b""]:
            return self.limited(404, b"Not found: table '%s', key '%s'" % (table, pairs[0][0]))
        return self.limited(200, values=values)

    def change(self, table, rows, pairs):
        """Sets the pairs with a value and removes those without one, in their order. What they
        replace is the answer; where that is too long, nothing has changed."""
        new, replaced = {}, []
        for key, value in pairs:
            replaced.append(new.get(key, rows.get(key, b"")))
            new[key] = value
        answer = self.limited(200, values=replaced)
        self.tables[table] = rows
        for key, value in new.items():
            rows[key] = value
            if not value:
                del rows[key]
        return answer


FLAGS = {"--stage": 1, "--port": 9527, "--threads": 1, "--max-connections": 10_000,
         "--max-frame": 4 << 20, "--idle-timeout": 300.0, "--frame-timeout": 10.0}


def main(words):
    flags = dict(FLAGS)
    for flag, value in zip(words[::2], words[1::2]):
        flags[flag] = type(FLAGS[flag])(value)
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # in all threads: they come out of sigwait
    listener = socket.create_server(("127.0.0.1", flags["--port"]), backlog=1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # and its connections have it
    server = {1: RespServer, 3: FrameServer}[flags["--stage"]](listener, flags)
    threading.Thread(target=server.run, daemon=True).start()
    print("listening on %s:%d" % listener.getsockname(), flush=True)
    signal.sigwait(SIGNALS)
    server.drain()
    signal.sigtimedwait(SIGNALS, server.drain_seconds)  # a second signal, or the end of the time
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])

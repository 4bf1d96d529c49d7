"""Every command of stage 2, by redis-py (Debian: python3-redis). Argument: the server's port.
Ends with a traceback and status 1 at the first reply that is not as it should be."""

import sys

import redis

ANY_BYTES = bytes(range(256)) + b"\r\n$5\r\n*1\r\n"


def connect(**options):
    return redis.Redis(port=int(sys.argv[1]), socket_timeout=10, **options)


def refused(what, *arguments, **options):
    try:
        what(*arguments, **options)
    except redis.ResponseError as error:
        return str(error)
    raise AssertionError("that was not refused")


def about_data(client):
    assert client.hset("t", "k", "v") == 1
    assert client.hset("t", "k", "w") == 0
    assert client.hset("t", mapping={"k": "x", "n": 1, "f": 0.5, "empty": ""}) == 3
    assert client.hget("t", "k") == b"x"
    assert client.hget("t", "absent") is None
    assert client.hmget("t", "k", "absent", "n") == [b"x", None, b"1"]
    assert client.hgetall("t") == {b"k": b"x", b"n": b"1", b"f": b"0.5", b"empty": b""}
    assert client.hgetall("absent") == {}
    assert client.hexists("t", "k") is True
    assert client.hexists("t", "absent") is False
    assert client.hlen("t") == 4
    assert client.hdel("t", "k", "absent", "n") == 2
    assert client.hset("any", ANY_BYTES, ANY_BYTES) == 1
    assert client.hgetall("any") == {ANY_BYTES: ANY_BYTES}
    assert client.hset("big", "k", b"b" * 2**20) == 1
    assert client.hget("big", "k") == b"b" * 2**20
    assert "limit" in refused(client.hset, "big", "k", b"b" * (2**20 + 1))
    assert client.hget("big", "k") == b"b" * 2**20
    assert "unknown command 'LPUSH'" in refused(client.lpush, "t", "v")
    assert "wrong number of arguments" in refused(client.execute_command, "HGET", "t")


def pipelined(client):
    pipeline = client.pipeline(transaction=False)
    for number in range(1000):
        pipeline.hset("many", number, number * number)
    assert pipeline.execute() == [1] * 1000
    for number in range(1000):
        pipeline.hget("many", number)
    assert pipeline.execute() == [b"%d" % (number * number) for number in range(1000)]
    pipeline.hget("many", 1).lpush("t", "v").hget("many", 2)
    one, error, two = pipeline.execute(raise_on_error=False)
    assert (one, two) == (b"1", b"4") and isinstance(error, redis.ResponseError)


def about_the_connection(client):
    assert client.ping() is True
    assert client.echo("hello") == b"hello"
    assert client.execute_command("HELLO", 2)[:2] == [b"server", b"redis"]
    assert client.info()["loading"] == 0
    assert client.info("server")["redis_version"].startswith("7.0.")
    assert client.command_count() == 0
    named = connect(client_name="worker", single_connection_client=True)
    assert named.client_getname() == "worker"
    assert named.client_id() != client.client_id()
    assert client.client_setname("another") is True
    assert named.client_getname() == "worker"
    assert "out of range" in refused(connect(db=1).ping)
    assert connect(decode_responses=True, health_check_interval=1).echo("ü") == "ü"
    assert client.quit() is True


with connect(single_connection_client=True) as one:
    about_data(one)
    pipelined(one)
    about_the_connection(one)
assert connect(db=0).hlen("many") == 1000  # from a pool

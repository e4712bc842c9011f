#!/usr/bin/env python3
"""Measures a raw session of ssh with a host: 64 bytes there and back, and 256 MiB there, and back.

    ssh_streams.py DESTINATION
"""
import subprocess
import sys
import time

SIZE = 256 << 20
PIECE = bytes(64 << 10)


def session(command):
    """A session whose command has begun: it writes one byte first."""
    ssh = subprocess.Popen(["ssh", "-T", sys.argv[1], "printf x; " + command],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert ssh.stdout.read(1) == b"x"
    return ssh, time.monotonic()


def round_trips(count):
    ssh, _ = session("cat")
    for turn in range(count + 500):
        if turn == 500:
            start = time.monotonic()
        ssh.stdin.write(PIECE[:64])
        missing = 64
        while missing:
            missing -= len(ssh.stdout.read(missing))
    print("roundtrip", (time.monotonic() - start) / count * 1e6, "us")
    ssh.stdin.close()
    ssh.wait()


def there():
    ssh, start = session("cat >/dev/null; printf x")
    for _ in range(SIZE // len(PIECE)):
        view = memoryview(PIECE)
        while view:
            view = view[ssh.stdin.write(view):]
    ssh.stdin.close()
    assert ssh.stdout.read(1) == b"x"
    print("there", SIZE / (time.monotonic() - start) / 1e6, "MB/s")
    ssh.wait()


def back():
    ssh, start = session(f"head -c {SIZE} /dev/zero")
    received = 0
    while received < SIZE:
        received += len(ssh.stdout.read(1 << 20))
    print("back", SIZE / (time.monotonic() - start) / 1e6, "MB/s")
    ssh.wait()


round_trips(5_000)
there()
back()

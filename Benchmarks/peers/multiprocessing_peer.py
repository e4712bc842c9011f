"""The same workloads on Python's standard library: start|rate|tree|roundtrip|memory|death."""
import multiprocessing
import os
import statistics
import sys
import time
from multiprocessing.connection import wait


def leaf(connection):
    connection.send(42)


def start_child(context):
    ours, theirs = context.Pipe(False)
    child = context.Process(target=leaf, args=(theirs,))
    child.start()
    theirs.close()
    return child, ours


def finish(child, connection):
    assert connection.recv() == 42
    child.join()


def measure_start(context, name):
    times = []
    for _ in range(30 if name == "forkserver" else 100):
        begin = time.perf_counter()
        finish(*start_child(context))
        times.append(time.perf_counter() - begin)
    print(f"start-{name} {statistics.median(times) * 1e6} us")


def measure_rate(context):
    begin = time.perf_counter()
    alive = {}
    started = 0
    while started < 200 or alive:
        while len(alive) < 8 and started < 200:
            child, connection = start_child(context)
            alive[connection] = child
            started += 1
        for connection in wait(list(alive)):
            finish(alive.pop(connection), connection)
    print(f"rate-fork {200 / (time.perf_counter() - begin)} children/s")


def node(depth, fan_out, connection):
    total = 0 if depth else 1
    if depth:
        pairs = []
        for _ in range(fan_out):
            ours, theirs = multiprocessing.Pipe(False)
            child = multiprocessing.Process(target=node, args=(depth - 1, fan_out, theirs))
            child.start()
            theirs.close()
            pairs.append((child, ours))
        for child, ours in pairs:
            total += ours.recv()
            child.join()
    if connection:
        connection.send(total)
    return total


def measure_tree():
    begin = time.perf_counter()
    assert node(3, 4, None) == 64
    print(f"tree-fork {(time.perf_counter() - begin) * 1e3} ms")


def echo(connection):
    while True:
        data = connection.recv_bytes()
        if not data:
            return
        connection.send_bytes(data)


def measure_roundtrip(context):
    ours, theirs = context.Pipe()
    child = context.Process(target=echo, args=(theirs,))
    child.start()
    data = b"x" * 64
    for index in range(11_000):
        if index == 1_000:
            begin = time.perf_counter()
        ours.send_bytes(data)
        ours.recv_bytes()
    print(f"roundtrip-pipe {(time.perf_counter() - begin) / 10_000 * 1e6} us")
    ours.send_bytes(b"")
    child.join()


def measure_memory(context):
    children = []
    for _ in range(10):
        ours, theirs = context.Pipe()
        child = context.Process(target=echo, args=(theirs,))
        child.start()
        children.append((child, ours))
    time.sleep(0.2)
    sizes = []
    for child, ours in children:
        with open(f"/proc/{child.pid}/smaps_rollup") as file:
            sizes += [int(line.split()[1]) for line in file if line.startswith("Pss:")]
        ours.send_bytes(b"")
        child.join()
    print(f"memory-fork {statistics.median(sizes)} KiB")


def measure_death(context):
    times = []
    for _ in range(50):
        child = context.Process(target=time.sleep, args=(60,))
        child.start()
        time.sleep(0.005)
        begin = time.perf_counter()
        os.kill(child.pid, 9)
        child.join()
        times.append(time.perf_counter() - begin)
    print(f"death-join {statistics.median(times) * 1e6} us")


def negate(number):
    return -number


def measure_pool(context):
    with context.Pool(2) as pool:
        pool.map(negate, range(1000))
        begin = time.perf_counter()
        pool.map(negate, range(100_000))
        print(f"pool-chunks {100_000 / (time.perf_counter() - begin)} tasks/s")
        begin = time.perf_counter()
        pool.map(negate, range(20_000), chunksize=1)
        print(f"pool-chunksize-1 {20_000 / (time.perf_counter() - begin)} tasks/s")


def main():
    fork = multiprocessing.get_context("fork")
    multiprocessing.set_start_method("fork")
    what = sys.argv[1]
    if what == "start":
        measure_start(fork, "fork")
        measure_start(multiprocessing.get_context("forkserver"), "forkserver")
    elif what == "rate":
        measure_rate(fork)
    elif what == "tree":
        measure_tree()
    elif what == "roundtrip":
        measure_roundtrip(fork)
    elif what == "memory":
        measure_memory(fork)
    elif what == "death":
        measure_death(fork)
    elif what == "pool":
        measure_pool(fork)


if __name__ == "__main__":
    main()

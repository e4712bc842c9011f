"""Kills workers of Python's Pool, ProcessPoolExecutor and plain ZeroMQ PUSH/PULL, and counts.

    faults.py pool|executor|zeromq [ITEMS [KILLS_PER_SECOND [SEED]]]

The work is that of `ptree chaos mapreduce`: the main process has ITEMS inputs, workers take about
5 ms for each, and each result counts once. Meanwhile a thread kills workers by SIGKILL at the rate
given, each time a random one. Prints one line: how many results came, how many inputs are lost or
doubled, how the run ended, how many processes it left.
"""
import collections
import concurrent.futures
import multiprocessing
import os
import random
import signal
import sys
import threading
import time

WORKERS = 4
# Longer than any run without faults takes; then the run counts as hung.
PATIENCE = 20


def work(number):
    time.sleep(0.005)
    return number


def children():
    """The pids of the direct children, ended ones too."""
    pids = []
    for thread in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{thread}/children") as file:
            pids += [int(word) for word in file.read().split()]
    return pids


def is_worker(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return "resource_tracker" not in file.read()
    except OSError:
        return False


class Nemesis(threading.Thread):
    """Kills a random worker again and again."""

    def __init__(self, rate, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.rate = rate
        self.is_over = threading.Event()
        self.kills = 0

    def run(self):
        while self.rate and not self.is_over.wait(self.random.expovariate(self.rate)):
            pids = sorted(pid for pid in children() if is_worker(pid))
            if pids:
                os.kill(self.random.choice(pids), signal.SIGKILL)
                self.kills += 1


def with_pool(items, record):
    pool = multiprocessing.Pool(WORKERS)
    deadline = time.monotonic() + PATIENCE
    results = pool.imap_unordered(work, range(items))
    for _ in range(items):
        try:
            record(results.next(timeout=max(0.1, deadline - time.monotonic())))
        except multiprocessing.TimeoutError:
            return "hangs" + terminate(pool)
    return "ends" + terminate(pool)


def terminate(pool):
    """Ends a pool; says so if that does not end either."""
    thread = threading.Thread(target=pool.terminate, daemon=True)
    thread.start()
    thread.join(5)
    return ", and terminate() too" if thread.is_alive() else ""


def with_executor(items, record):
    executor = concurrent.futures.ProcessPoolExecutor(WORKERS)
    end = "ends"
    try:
        futures = [executor.submit(work, number) for number in range(items)]
        for future in concurrent.futures.as_completed(futures, timeout=PATIENCE):
            record(future.result())
    except concurrent.futures.TimeoutError:
        end = "hangs"
    except concurrent.futures.process.BrokenProcessPool:
        end = "fails: BrokenProcessPool"
    executor.shutdown(cancel_futures=True)
    return end


def zeromq_worker(inputs, outputs):
    import zmq

    context = zmq.Context()
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.rcvhwm = 1
    pull.connect(inputs)
    push.connect(outputs)
    while True:
        push.send(b"%d" % work(int(pull.recv())))


def with_zeromq(items, record):
    """PUSH to workers and PULL from them.

    Dead workers are replaced, and queues hold one message, as in a careful program.
    """
    import tempfile

    import zmq

    directory = tempfile.mkdtemp()
    inputs, outputs = f"ipc://{directory}/in", f"ipc://{directory}/out"
    context = zmq.Context()
    push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    push.sndhwm = 1
    push.bind(inputs)
    pull.bind(outputs)
    spawning = multiprocessing.get_context("spawn")

    def start():
        worker = spawning.Process(target=zeromq_worker, args=(inputs, outputs), daemon=True)
        worker.start()
        return worker

    workers = [start() for _ in range(WORKERS)]
    sent = got = 0
    quiet_since = time.monotonic()
    while got < items and time.monotonic() - quiet_since < 5:
        workers = [worker if worker.is_alive() else start() for worker in workers]
        while sent < items:
            try:
                push.send(b"%d" % sent, zmq.NOBLOCK)
                sent += 1
            except zmq.Again:
                break
        if pull.poll(20):
            while True:
                try:
                    record(int(pull.recv(zmq.NOBLOCK)))
                    got += 1
                except zmq.Again:
                    break
            quiet_since = time.monotonic()
    for worker in workers:
        worker.kill()
        worker.join()
    context.destroy(linger=0)
    files = len(os.listdir(directory))
    note = f", leaves {files} socket files" if files else ""
    return ("ends" if got >= items else "hangs") + note


def main():
    how = sys.argv[1]
    numbers = sys.argv[2:]
    items = int(numbers[0]) if numbers else 2_000
    rate = float(numbers[1]) if len(numbers) > 1 else 10
    seed = int(numbers[2]) if len(numbers) > 2 else 1
    counts = collections.Counter()
    run = {"pool": with_pool, "executor": with_executor, "zeromq": with_zeromq}[how]
    nemesis = Nemesis(rate, seed)
    nemesis.start()
    start = time.monotonic()
    end = run(items, lambda number: counts.update([number]))
    took = time.monotonic() - start
    nemesis.is_over.set()
    nemesis.join()
    lost = items - len(counts)
    doubled = sum(count - 1 for count in counts.values())
    left = sum(is_worker(pid) for pid in children())
    print(
        f"{how}: {nemesis.kills} kills in {took:.1f} s; of {items} inputs {lost} lost,"
        f" {doubled} doubled; {end}; {left} workers left"
    )
    sys.stdout.flush()
    # A pool that lost workers may wait for ever in its exit handlers.
    for pid in children():
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    os._exit(0)


if __name__ == "__main__":
    main()

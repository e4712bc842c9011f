"""The same workloads in Python over pyzmq, the pipeline with msgpack: roundtrip|small|pipeline."""
import multiprocessing
import sys
import tempfile
import time

import msgpack
import zmq

from multiprocessing_peer import WORKERS, change, make_record, run_children, sink


def echo(endpoint):
    with zmq.Context() as own, own.socket(zmq.PAIR) as pair:
        pair.connect(endpoint)
        while data := pair.recv():
            pair.send(data)


def measure_roundtrip(context):
    with tempfile.TemporaryDirectory(prefix="ptree-echo-") as folder:
        child = context.Process(target=echo, args=(f"ipc://{folder}/pair",))
        child.start()
        with zmq.Context() as own, own.socket(zmq.PAIR) as pair:
            pair.bind(f"ipc://{folder}/pair")
            data = b"x" * 64
            for index in range(11_000):
                if index == 1_000:
                    begin = time.perf_counter()
                pair.send(data)
                pair.recv()
            print(f"roundtrip-pair {(time.perf_counter() - begin) / 10_000 * 1e6} us")
            pair.send(b"")
            child.join()


def count_items(endpoint, total):
    with zmq.Context() as own, own.socket(zmq.PULL) as pull, own.socket(zmq.PUSH) as push:
        push.connect(endpoint + "-count")
        pull.connect(endpoint)
        pull.recv()
        push.send(b"up")
        for _ in range(total):
            pull.recv()
        push.send(b"all")


def measure_small(context):
    total = 300_000
    with tempfile.TemporaryDirectory(prefix="ptree-small-") as folder:
        endpoint = f"ipc://{folder}/items"
        child = context.Process(target=count_items, args=(endpoint, total))
        child.start()
        with zmq.Context() as own, own.socket(zmq.PUSH) as push, own.socket(zmq.PULL) as pull:
            push.bind(endpoint)
            pull.bind(endpoint + "-count")
            push.send(b"up")
            pull.recv()
            data = b"x" * 64
            begin = time.perf_counter()
            for _ in range(total):
                push.send(data)
            pull.recv()
            print(f"small-push {total / (time.perf_counter() - begin)} items/s")
            child.join()


def source(inputs, go, done, count):
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    for endpoint in inputs:
        push.connect(endpoint)
    for _ in inputs:  # one for each worker, in turn
        push.send(msgpack.packb(make_record(0)))
    go.wait()
    for number in range(count):
        push.send(msgpack.packb(make_record(number)))
    done.wait()  # libzmq loses records when ipc is closed while a worker is at its high-water mark
    push.close()
    context.term()


def worker(endpoint, output):
    context = zmq.Context()
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.bind(endpoint)
    push.connect(output)
    while (record := msgpack.unpackb(pull.recv())) is not None:
        push.send(msgpack.packb(change(record)))
    pull.close()
    push.close()
    context.term()


def measure_pipeline_in(folder, context, count):
    inputs = [f"ipc://{folder}/{number}" for number in range(WORKERS)]
    output = f"ipc://{folder}/sink"
    go, done = context.Event(), context.Event()

    def use():
        with zmq.Context() as own, own.socket(zmq.PULL) as pull:
            pull.bind(output)
            for _ in inputs:
                pull.recv()
            begin = time.perf_counter()
            go.set()
            sink(lambda: msgpack.unpackb(pull.recv()), count)
            elapsed = time.perf_counter() - begin
            done.set()
            for endpoint in inputs:  # all records are through: nothing can be overtaken
                with own.socket(zmq.PUSH) as push:
                    push.connect(endpoint)
                    push.send(msgpack.packb(None))
            return elapsed

    children = [context.Process(target=worker, args=(endpoint, output)) for endpoint in inputs]
    children.append(context.Process(target=source, args=(inputs, go, done, count)))
    print(f"pipeline-push {count / run_children(children, use)} items/s")


def measure_pipeline(context):
    with tempfile.TemporaryDirectory(prefix="ptree-pipeline-") as folder:
        measure_pipeline_in(folder, context, 60_000)


if __name__ == "__main__":
    workloads = {"roundtrip": measure_roundtrip, "small": measure_small, "pipeline": measure_pipeline}
    if sys.argv[1] in workloads:
        workloads[sys.argv[1]](multiprocessing.get_context("fork"))

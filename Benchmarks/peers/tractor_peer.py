"""The same workloads with tractor, whose actors are processes: start|rate|roundtrip|memory."""
import os
import statistics
import sys
import time
import warnings

warnings.simplefilter("ignore")

import tractor
import trio


async def leaf():
    return 42


async def pid():
    return os.getpid()


@tractor.context
async def echo(ctx):
    await ctx.started()
    async with ctx.open_stream() as stream:
        async for data in stream:
            await stream.send(data)


async def life():
    """From the start of an actor until it is joined."""
    async with tractor.open_nursery() as nursery:
        portal = await nursery.run_in_actor(leaf)
        assert await portal.result() == 42


async def measure_start():
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        await life()
        times.append(time.perf_counter() - begin)
    print(f"start-actor {statistics.median(times) * 1e6} us")


async def measure_rate():
    limit = trio.CapacityLimiter(8)

    async def limited():
        async with limit:
            await life()

    begin = time.perf_counter()
    async with trio.open_nursery() as tasks:
        for _ in range(16):
            tasks.start_soon(limited)
    print(f"rate-actor {16 / (time.perf_counter() - begin)} children/s")


async def measure_roundtrip():
    async with tractor.open_nursery() as nursery:
        portal = await nursery.start_actor("echo", enable_modules=[__name__])
        async with portal.open_context(echo) as (context, _):
            async with context.open_stream() as stream:
                data = b"x" * 64
                for index in range(2_200):
                    if index == 200:
                        begin = time.perf_counter()
                    await stream.send(data)
                    await stream.receive()
                print(f"roundtrip-stream {(time.perf_counter() - begin) / 2_000 * 1e6} us")
        await portal.cancel_actor()


async def measure_memory():
    async with tractor.open_nursery() as nursery:
        portals = [await nursery.start_actor(f"idle{number}", enable_modules=[__name__]) for number in range(3)]
        sizes = []
        for portal in portals:
            with open(f"/proc/{await portal.run(pid)}/smaps_rollup") as file:
                sizes += [int(line.split()[1]) for line in file if line.startswith("Pss:")]
            await portal.cancel_actor()
    print(f"memory-actor {statistics.median(sizes)} KiB")


async def main(workload):
    async with tractor.open_root_actor():
        await workload()


if __name__ == "__main__":
    workloads = {"start": measure_start, "rate": measure_rate, "roundtrip": measure_roundtrip,
                 "memory": measure_memory}
    if sys.argv[1] in workloads:
        trio.run(main, workloads[sys.argv[1]])

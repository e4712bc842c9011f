"""The same workloads with loky's executor, whose processes it starts anew when they die: start|pool."""
import statistics
import sys
import time

from loky import ProcessPoolExecutor


def leaf():
    return 42


def negate(number):
    return -number


def measure_start():
    """An executor of one process, as it has no start of one child."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        with ProcessPoolExecutor(max_workers=1) as executor:
            assert executor.submit(leaf).result() == 42
        times.append(time.perf_counter() - begin)
    print(f"start-executor {statistics.median(times) * 1e6} us")


def measure_pool():
    with ProcessPoolExecutor(max_workers=2) as executor:
        list(executor.map(negate, range(1000), chunksize=100))
        for count, chunk in [(100_000, 12_500), (5_000, 1)]:
            begin = time.perf_counter()
            assert sum(executor.map(negate, range(count), chunksize=chunk)) == -count * (count - 1) // 2
            print(f"pool-chunksize-{chunk} {count / (time.perf_counter() - begin)} tasks/s")


if __name__ == "__main__":
    {"start": measure_start, "pool": measure_pool}.get(sys.argv[1], lambda: None)()

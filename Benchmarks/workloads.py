"""The workloads of `Benchmarks/run`: what is measured, against what, with which aim."""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Workload:
    """A row of the table of figures."""

    title: str
    # Our figures by name, each with the ratio to reach, or none.
    aims: dict
    # The figure to which ratios refer, with its peer.
    base: str
    # Whether more is better.
    more: bool
    # The C program that does the same, and its arguments before the workload's name.
    program: tuple = ("floor",)


WORKLOADS = {
    "start": Workload("A. one child after another, start to reaped",
                      {"start-leaf": 1.0, "start-node": 1.15}, "c start", False),
    "rate": Workload("B. 200 children, at most 8 alive", {"rate": 1.1}, "c rate", True),
    "tree": Workload("C. depth 3, fan-out 4: up, sum, down", {"tree": 1.1}, "c tree", False),
    "roundtrip": Workload("D. round trip of 64 bytes", {"roundtrip": 1.0}, "c roundtrip", False),
    # Streams take the size and the number of items.
    "small": Workload("E. 64 bytes, one way", {"small-elements": 3, "small-batches": 5, "small-byte-batches": 5},
                      "c small", True, ("streams", 64, 2_000_000)),
    "medium": Workload("E. 64 KiB, one way", {"medium-elements": 1.5, "medium-shared": 1.5}, "c medium", True,
                       ("streams", 64 << 10, 30_000)),
    "large": Workload("E. 1 MiB, one way", {"large-elements": 1.5, "large-shared": 1.5}, "c large", True,
                      ("streams", 1 << 20, 2_000)),
    "pool": Workload("F. 100,000 tiny tasks, 2 workers", {"pool-stage": 3}, "python pool-chunks", True, ()),
    "pipeline": Workload("G. source, 2 workers, sink; structures of about 100 bytes", {"pipeline": 0.6},
                         "c pipeline", True, ("pipeline", 1_000_000)),
    "memory": Workload("H. idle child, proportional set size", {}, "c memory", False),
    "death": Workload("K. SIGKILL of a child until its parent knows", {"death": 1.3}, "c death-with-sockets", False),
}


def keys(rounds):
    """The names of all figures of a workload's rounds, in the order in which they were measured."""
    return list(dict.fromkeys(key for each in rounds for key in each))


def ratios(rounds, key, base):
    """The ratios of a figure to another one, of the rounds that have both."""
    return [each[key][0] / each[base][0] for each in rounds if key in each and base in each]


def median(rounds, key, base):
    """The median of the ratios; none without a round that has both figures."""
    found = ratios(rounds, key, base)
    return statistics.median(found) if found else None

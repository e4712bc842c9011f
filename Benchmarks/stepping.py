"""Finds the functions that nodes run, by single steps of real ones."""
import bisect
import ctypes
import os
import platform
import signal
import struct
import subprocess
import time

TRACE_ME, CONTINUE, STEP, SET_OPTIONS, READ_REGISTERS = 0, 7, 9, 0x4200, 0x4204
# Forks, clones and threads are traced as well, and all of them end with the tracer.
OPTIONS = 2 | 4 | 8 | 0x100000
GENERAL_REGISTERS = 1
# Where the program counter is among the registers.
COUNTER = {"x86_64": 16, "aarch64": 32}.get(platform.machine())
ALL_CHILDREN = 0x40000000
# A step takes some 15 us; the first node with a fork server takes a million.
STEPS, SECONDS = 2_000_000, 60

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Registers(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def process_of(thread):
    with open(f"/proc/{thread}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Tgid:"))


def addresses(command):
    """The addresses that the descendants of a command run, in the order in which they first do.

    The command itself runs freely, and is killed when its descendants have taken their steps.
    """
    root = os.fork()
    if root == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        libc.ptrace(TRACE_ME, 0, None, None)
        os.execv(command[0], command)
    os.waitpid(root, 0)
    libc.ptrace(SET_OPTIONS, root, None, OPTIONS)
    libc.ptrace(CONTINUE, root, None, None)
    buffer = ctypes.create_string_buffer(1024)
    found, processes, steps, end = {}, {root: root}, 0, time.monotonic() + SECONDS
    while steps < STEPS and time.monotonic() < end:
        thread, status = os.waitpid(-1, ALL_CHILDREN)
        if not os.WIFSTOPPED(status):
            if thread == root:
                break
            processes.pop(thread, None)
            continue
        process = processes.setdefault(thread, None) or process_of(thread)
        processes[thread] = process
        if process != root:
            registers = Registers(ctypes.addressof(buffer), len(buffer))
            if libc.ptrace(READ_REGISTERS, thread, GENERAL_REGISTERS, ctypes.addressof(registers)) == 0:
                found.setdefault(struct.unpack_from("<Q", buffer, COUNTER * 8)[0])
                steps += 1
        # What the tracing itself sends is not for the program.
        own = status >> 16 or os.WSTOPSIG(status) in (signal.SIGTRAP, signal.SIGSTOP)
        libc.ptrace(CONTINUE if process == root else STEP, thread, None, 0 if own else os.WSTOPSIG(status))
    for process in {*processes.values(), root} - {None}:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    while True:
        try:
            os.waitpid(-1, ALL_CHILDREN)
        except ChildProcessError:
            return list(found)


def functions(program, workloads):
    """The functions of a program at a fixed address that its nodes run in these workloads, those first that run first."""
    listing = subprocess.run(["nm", "-n", program], check=True, capture_output=True, text=True).stdout
    symbols = [(int(fields[0], 16), fields[2]) for fields in (line.split(None, 2) for line in listing.splitlines())
               if len(fields) == 3 and fields[1] in "tTwW"]
    starts = [start for start, _ in symbols]
    names = {}
    for workload in workloads:
        for address in addresses([program, workload]):
            # Libraries lie above the program.
            if starts[0] <= address < starts[-1]:
                names.setdefault(symbols[bisect.bisect(starts, address) - 1][1])
    return list(names)

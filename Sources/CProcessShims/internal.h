// Declarations for the files of this target. All functions may run in a freshly cloned process and
// in signal handlers, so they use no allocation, stdio or locks.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CProcessShims.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/// Finds what a clone has to correct. Call it in the main thread, with its signals blocked, before the
/// first clone.
void pt_clone_prepare(void);

/// Puts the data that the program and its libraries have written into a file of memory, which this process and its
/// clones map, each with its own changes. Call it in the only thread, with signals blocked.
///
/// The kernel copies at each clone, for each mapping that has been written, a list of all processes from which it
/// descends, whose length is the depth in the tree. Of these mappings none has been written.
void pt_data_to_file(void);

/// Allocates the freed pieces of this process's heap, for good, unless it is large. Clones then allocate from its
/// free end, so that they write to few pages, where they would have filled a hole in each. Unlike the other functions
/// it uses the allocator: call it in the clone of a process with one thread.
void pt_heap_fill(void);

/// Makes an empty file of memory that can be sealed. Returns a descriptor, or a negated errno.
int pt_memory_make(void);

/// Clones the calling, only thread as `fork` does, but with exit signal 0 and a pidfd, and corrects
/// the per-thread caches of glibc and of Swift's runtime. Returns as `fork`, or a negated errno.
int32_t pt_clone(uint64_t flags, int *_Nonnull pidfd);

/// The first function of a clone that shares its parent's memory. It does not return, so what a sanitizer notes at
/// its beginning would stay in the parent.
#define PT_UNSEEN __attribute__((disable_sanitizer_instrumentation))

/// Runs `body`, which does not return, in a clone that shares the memory of the caller, whose thread sleeps until
/// the clone executes a program or ends. So the cost does not depend on the caller's size. Returns the pid, or a
/// negated errno.
int32_t pt_clone_sharing(int (*_Nonnull body)(void *_Nonnull), void *_Nonnull argument,
                         int *_Nonnull pidfd);

/// Sets up a child cloned by the fork server; the descriptors are all above 3. Returns an errno.
int pt_child_setup(const struct pt_request *_Nonnull request, const int *_Nonnull descriptors,
                   uint64_t mask, const char *_Nonnull name);

/// Sends `size` bytes with descriptors in one message.
int pt_send(int socket, const void *_Nonnull bytes, size_t size, const int *_Nullable descriptors,
            int count, int flags);

/// Receives one message. Returns its size, 0 at the end, or a negated errno; `count` is -1 if
/// descriptors were cut off.
long pt_receive(int socket, void *_Nonnull bytes, size_t size, int *_Nonnull descriptors,
                int *_Nonnull count, int flags);

/// Signals that a system call may raise in the calling thread: blocked during the call, and
/// discarded afterwards.
struct pt_held_signals {
  uint64_t held;
  uint64_t before;
  uint64_t pending;
};

/// Blocks SIGPIPE and SIGXFSZ in the calling thread, because the call's errno reports the same.
void pt_hold_signals(struct pt_held_signals *_Nonnull hold);

/// Discards the signals that were raised since, and restores the thread's mask.
void pt_release_signals(const struct pt_held_signals *_Nonnull hold);

/// Restores the signal actions and the limit on open files with which this process was started,
/// before it re-executes this program.
void pt_origin_restore_for_node(void);

/// Restores the same before executing another program, but of the ignored signals only those that
/// nohup and shells ignore.
void pt_origin_restore_for_command(void);

/// The signals that were blocked when this process was started.
uint64_t pt_origin_mask(void);

/// Writes "/proc/PID/file"; `buffer` has 64 bytes.
void pt_proc_path(char *_Nonnull buffer, int32_t pid, const char *_Nonnull file);

/// Opens what is behind a descriptor of a process, anew. Returns a descriptor, or a negated errno.
int pt_open_descriptor(int32_t pid, int32_t descriptor, int flags);

/// Reads the beginning of a file. Returns the length, or a negated errno.
long pt_read_file(const char *_Nonnull path, char *_Nonnull buffer, size_t size);

/// Returns the next number in a text and moves `text` behind it.
uint64_t pt_next_number(const char *_Nonnull *_Nonnull text);

/// An entry of a directory, as the system call returns it.
struct pt_entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

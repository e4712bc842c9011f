// Shared by the files of this target. Everything here may run in a freshly cloned process and in
// signal handlers: no allocation, no stdio, no locks.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CProcessShims.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/// Clones the calling, only thread as `fork` would, but with exit signal 0 and a pidfd, and keeps
/// what glibc caches per thread right. Returns as `fork`, or a negated errno.
int32_t pt_clone(uint64_t flags, int *_Nonnull pidfd);

/// Sets up a child cloned by the fork server; the descriptors are all above 3. An errno on failure.
int pt_child_setup(const struct pt_request *_Nonnull request, const int *_Nonnull descriptors,
                   uint64_t mask, const char *_Nonnull name);

/// Sends `size` bytes and descriptors with them in one message.
int pt_send(int socket, const void *_Nonnull bytes, size_t size, const int *_Nullable descriptors,
            int count, int flags);

/// Takes one message; -1 in `count` says that descriptors were cut off. Returns its size, 0 at the
/// end, or a negated errno.
long pt_receive(int socket, void *_Nonnull bytes, size_t size, int *_Nonnull descriptors,
                int *_Nonnull count, int flags);

/// The signals that a call of ours may bring upon the calling thread, and must not: held back, and
/// taken back before somebody sees them.
struct pt_held_signals {
  uint64_t held;
  uint64_t before;
  uint64_t pending;
};

/// Holds SIGPIPE and SIGXFSZ back from the calling thread: what they say is in the call's errno.
void pt_hold_signals(struct pt_held_signals *_Nonnull hold);

/// Takes back those that came since, and lets the thread have signals as before.
void pt_release_signals(const struct pt_held_signals *_Nonnull hold);

/// Gives a process that is about to execute this program again what this one was started with:
/// actions of signals and the limit on open files.
void pt_origin_restore_for_node(void);

/// The same for a process that is about to execute another program: of the signals, only those that
/// nohup and shells ignore stay ignored.
void pt_origin_restore_for_command(void);

/// The signals that were blocked when this process was started.
uint64_t pt_origin_mask(void);

/// Writes "/proc/PID/file"; `buffer` holds 64 bytes.
void pt_proc_path(char *_Nonnull buffer, int32_t pid, const char *_Nonnull file);

/// Reads the beginning of a file. Returns the length, or a negated errno.
long pt_read_file(const char *_Nonnull path, char *_Nonnull buffer, size_t size);

/// The next number in a text of numbers; moves `text` behind it.
uint64_t pt_next_number(const char *_Nonnull *_Nonnull text);

/// One entry of a directory read by the bare system call.
struct pt_entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

#pragma once
#include <stddef.h>
#include <stdint.h>

/// The used fields of /proc/PID/stat.
struct pt_stat {
  char state;
  int32_t parent;
  int32_t exit_signal;
  uint64_t start_time;
  /// In clock ticks.
  uint64_t user_time;
  uint64_t system_time;
  uint64_t resident_pages;
};

/// The end of a process and the resources that it used.
struct pt_exit {
  /// 0 while running; otherwise CLD_EXITED, CLD_KILLED or CLD_DUMPED.
  int32_t code;
  int32_t status;
  int64_t user_microseconds;
  int64_t system_microseconds;
  int64_t maximum_resident_kibibytes;
  int64_t minor_faults;
  int64_t major_faults;
  int64_t voluntary_switches;
  int64_t involuntary_switches;
};

/// Opens a pidfd, close-on-exec. Returns it, or a negated errno.
int pt_pidfd_open(int32_t pid);

/// Signals the process behind a pidfd.
int pt_pidfd_signal(int pidfd, int signal);

/// Whether the process behind a pidfd has ended, reaped or not; waits up to `milliseconds`.
int pt_pidfd_ended(int pidfd, int milliseconds);

/// Reaps the child behind a pidfd if it has ended; does not block.
int pt_reap(int pidfd, struct pt_exit *_Nonnull out);

/// Kills and reaps a child without a pidfd; safe only if no other code can reap the child.
void pt_kill_and_reap(int32_t pid);

/// Reads /proc/PID/stat.
int pt_stat(int32_t pid, struct pt_stat *_Nonnull out);

/// Sets the tag of a process, of the caller if `pid` is 0.
int pt_tag_give(int32_t pid, uint64_t tag);

/// Sets the caller's tag and reads it back; ENOTSUP if it was not kept.
int pt_tag_set(uint64_t tag);

/// Reads a process's tag; all ones if it has none.
int pt_tag_get(int32_t pid, uint64_t *_Nonnull tag);

/// The caller's kernel thread id, without caching.
int32_t pt_thread_id(void);

/// Fills 8 bytes from the kernel's generator.
int pt_random(uint64_t *_Nonnull value);

/// Restricts the calling thread, and those that it makes, to processors with these numbers.
///
/// Returns 0, or -1 with errno.
int pt_run_on(const uint32_t *_Nonnull numbers, size_t count);

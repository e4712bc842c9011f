#pragma once
#include <stdint.h>

/// Executes /proc/self/exe with the given descriptors as 0 to 3, all others closed, and its own
/// session. It has the signal handling, the signal mask and the limit on open files with which this
/// process was started. Writes the pid and a pidfd.
int pt_spawn(char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
             const int32_t *_Nonnull descriptors, int32_t *_Nonnull pid, int32_t *_Nonnull pidfd);

/// Has the kernel kill the caller when its parent ends; ESRCH if `parent` is no longer its parent.
int pt_die_with_parent(int32_t parent);

/// Has the caller outlive its parent and the terminal: no parent-death signal, a session of its own if
/// possible, no SIGHUP.
void pt_outlive_parent(void);

/// Makes the caller adopt the orphans among its descendants.
int pt_become_subreaper(void);

/// Closes every descriptor from `lowest` on.
void pt_close_from(unsigned lowest);

/// Gives `rand` and `drand48` new seeds.
void pt_reseed(void);

/// Makes a pipe that is close-on-exec from the start: Swift's Glibc module lacks `pipe2`.
int pt_pipe(int32_t *_Nonnull ends);

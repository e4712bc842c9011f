#pragma once
#include <stdint.h>

/// Starts /proc/self/exe with 0 to 3 as given, everything above closed, in a session of its own,
/// with the signal handling, the signal mask and the limit on open files that this process was
/// started with. Writes the pid and a pidfd.
int pt_spawn(char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
             const int32_t *_Nonnull descriptors, int32_t *_Nonnull pid, int32_t *_Nonnull pidfd);

/// Kills the caller when its parent ends; ESRCH if the parent is another than `parent` already.
int pt_die_with_parent(int32_t parent);

/// Makes the caller adopt the orphans among its descendants.
int pt_become_subreaper(void);

/// Closes every descriptor from `lowest` on.
void pt_close_from(unsigned lowest);

/// Gives `rand` and `drand48` seeds of their own.
void pt_reseed(void);

/// Makes a pipe that is close-on-exec from birth: Swift's Glibc module does not map `pipe2`.
int pt_pipe(int32_t *_Nonnull ends);

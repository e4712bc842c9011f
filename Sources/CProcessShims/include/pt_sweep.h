#pragma once
#include <stdint.h>

/// The processes of a run that a pass reaches.
enum pt_sweep_reach {
  /// All but the fork servers, which outlive a dead root to sweep, and then end.
  PT_SWEEP_NODES,
  /// Only the fork servers.
  PT_SWEEP_HELPERS,
  PT_SWEEP_ALL,
};

/// Signals every living process with the run's tag that is within reach, except the caller and
/// `except`. Returns their number, or a negated errno if processes cannot be listed; writes the
/// first `capacity` pids to `hits`. An invalid run reaches no process.
int pt_sweep_pass(uint32_t run, int signal, enum pt_sweep_reach reach,
                  const int32_t *_Nullable except, int except_count, int32_t *_Nullable hits,
                  int capacity);

/// Kills all but the fork servers in passes until two in a row find no process, or about 10 s have
/// passed; then continues stopped fork servers, and ends the kept control group. Returns the errno
/// of that end. Safe in a signal handler.
int pt_sweep_kill(uint32_t run);

/// Whether a process may be below the caller; 0 for one that adopts orphans and has no child, reaped or
/// not.
int pt_may_have_descendants(void);

/// Whether there may be a child that came to this process at the end of its parent: the kernel then
/// sets its exit signal. Children of other code, and commands, have that signal as well.
int pt_may_have_adopted(void);

/// Opens a directory of this user without following a link. Returns a descriptor, or a negated
/// errno.
int pt_open_own_directory(int parent, const char *_Nonnull name);

/// Removes the files of a directory, and links without following them.
void pt_clear_directory(int directory);

/// Removes a run's directory and the files in it. Safe in a signal handler.
void pt_remove_run_directory(const char *_Nonnull path);

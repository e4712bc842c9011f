#pragma once
#include <stdint.h>

/// Which processes of a run a pass reaches.
enum pt_sweep_reach {
  /// All but the fork servers, which outlive a dead root to sweep, and end by themselves.
  PT_SWEEP_NODES,
  /// The fork servers alone.
  PT_SWEEP_HELPERS,
  PT_SWEEP_ALL,
};

/// Signals every living process with the run's tag that is within reach, the caller and `except`
/// left out. Returns how many, or a negated errno when processes cannot be listed; the pids of the
/// first `capacity` of them go to `hits`. A number that is no run's reaches nobody.
int pt_sweep_pass(uint32_t run, int signal, enum pt_sweep_reach reach,
                  const int32_t *_Nullable except, int except_count, int32_t *_Nullable hits,
                  int capacity);

/// Kills all but the fork servers by passes until two in a row find nothing, or about 10 s are over;
/// then continues the fork servers that somebody has stopped. Safe in a signal handler.
void pt_sweep_kill(uint32_t run);

/// Opens a directory of this user, itself and not through a link. Returns a descriptor, or a negated
/// errno.
int pt_open_own_directory(int parent, const char *_Nonnull name);

/// Removes the files of a directory, and links without following them.
void pt_clear_directory(int directory);

/// Removes a run's directory and the files in it. Safe in a signal handler.
void pt_remove_run_directory(const char *_Nonnull path);

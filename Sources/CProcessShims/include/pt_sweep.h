#pragma once
#include <stdint.h>

/// Signals every living process with the run's tag, fork servers, the caller and `except` left out.
/// Returns how many; the pids of the first `capacity` of them go to `hits`.
int pt_sweep_pass(uint32_t run, int signal, const int32_t *_Nullable except, int except_count,
                  int32_t *_Nullable hits, int capacity);

/// Kills by passes until two in a row find nothing, or about 10 s are over. Safe in a signal
/// handler.
void pt_sweep_kill(uint32_t run);

/// Removes a directory and the files in it. Safe in a signal handler.
void pt_remove_flat_directory(const char *_Nonnull path);

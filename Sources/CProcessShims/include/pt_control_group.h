#pragma once
#include <stddef.h>
#include <stdint.h>

/// Moves a process to a control group, with all its threads; 0 is the caller. Returns an errno.
int pt_group_enter(const char *_Nonnull group, int32_t pid);

/// Reads the path of a run's group from the run's directory. Returns an errno.
int pt_group_read(int directory, const char *_Nonnull run, char *_Nonnull group, size_t size);

/// Keeps the path for `pt_group_end_kept`, here and in clones, if the run has a group.
void pt_group_keep(const char *_Nonnull run_directory);

/// Kills all processes of a group, waits up to 10 s for their end and removes it. Returns an errno;
/// 0 for a group that does not exist.
int pt_group_end(const char *_Nonnull group);

/// Leaves the kept group and ends it; does nothing without one. Returns an errno. Safe in a signal
/// handler.
int pt_group_end_kept(void);

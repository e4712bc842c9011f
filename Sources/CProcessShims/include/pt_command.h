#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One resource limit of a command.
struct pt_command_limit {
  int32_t resource;
  uint64_t soft;
  uint64_t hard;
};

/// The user and groups of a command's process.
struct pt_command_credentials {
  uint32_t user;
  uint32_t group;
  const uint32_t *_Nullable supplementary_groups;
  int32_t supplementary_group_count;
};

/// The settings of a command's process.
struct pt_command {
  /// The file to execute; a relative path starts at the directory.
  const char *_Nonnull path;
  char *_Nullable const *_Nonnull arguments;
  char *_Nullable const *_Nonnull environment;
  /// Null for the caller's.
  const char *_Nullable directory;
  /// These become 0, 1 and 2; all others are closed.
  int32_t descriptors[3];
  /// -1 for the caller's.
  int32_t umask;
  uint64_t tag;
  /// Whether it goes on when the caller ends.
  bool outlives_parent;
  const struct pt_command_limit *_Nullable limits;
  int32_t limit_count;
  /// Null for the caller's.
  const struct pt_command_credentials *_Nullable credentials;
};

/// The steps of a start that can fail.
enum pt_command_step {
  PT_COMMAND_CLONE,
  PT_COMMAND_SESSION,
  PT_COMMAND_DESCRIPTORS,
  PT_COMMAND_DIRECTORY,
  PT_COMMAND_TAG,
  PT_COMMAND_LIMITS,
  PT_COMMAND_SUPPLEMENTARY_GROUPS,
  PT_COMMAND_GROUP,
  PT_COMMAND_USER,
  PT_COMMAND_PARENT,
  PT_COMMAND_EXECUTE,
};

/// The result of a start.
struct pt_command_start {
  int32_t pid;
  int32_t pidfd;
  /// The step that failed.
  int32_t step;
};

/// Executes a command in its own session, with no signal blocked and default signal handling,
/// except that SIGHUP, SIGINT and SIGQUIT stay ignored if this process was started so. The kernel
/// kills it when the calling thread ends. Returns after the exec.
int pt_command_start(const struct pt_command *_Nonnull command,
                     struct pt_command_start *_Nonnull out);

/// Signals the process group that a child leads; ESRCH after the child has been reaped.
int pt_command_signal_group(int32_t pid, int pidfd, int signal);

/// Writes as `write` does, but without SIGPIPE or SIGXFSZ. Returns a negated errno on failure.
long pt_write_quietly(int descriptor, const void *_Nonnull bytes, size_t count);

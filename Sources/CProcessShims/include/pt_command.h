#pragma once
#include <stddef.h>
#include <stdint.h>

/// One resource limit of a command.
struct pt_command_limit {
  int32_t resource;
  uint64_t soft;
  uint64_t hard;
};

/// Who a command's process runs as.
struct pt_command_credentials {
  uint32_t user;
  uint32_t group;
  const uint32_t *_Nullable supplementary_groups;
  int32_t supplementary_group_count;
};

/// What a command's process is to be.
struct pt_command {
  /// The file to execute; a relative path counts from the directory.
  const char *_Nonnull path;
  char *_Nullable const *_Nonnull arguments;
  char *_Nullable const *_Nonnull environment;
  /// Null: the caller's.
  const char *_Nullable directory;
  /// Become 0, 1 and 2; everything above is closed.
  int32_t descriptors[3];
  /// -1: the caller's.
  int32_t umask;
  uint64_t tag;
  const struct pt_command_limit *_Nullable limits;
  int32_t limit_count;
  /// Null: the caller's.
  const struct pt_command_credentials *_Nullable credentials;
};

/// The steps of a start at which something can fail.
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

/// What has come of a start.
struct pt_command_start {
  int32_t pid;
  int32_t pidfd;
  /// Where it failed.
  int32_t step;
};

/// Executes a command in a session of its own, with no signal blocked and with default signal
/// handling, except that SIGHUP, SIGINT and SIGQUIT stay ignored where they were at the start of this
/// process; it is killed when the calling thread ends. Returns once it is executing.
int pt_command_start(const struct pt_command *_Nonnull command,
                     struct pt_command_start *_Nonnull out);

/// Signals the process group that a child leads; ESRCH once the child has been reaped.
int pt_command_signal_group(int32_t pid, int pidfd, int signal);

/// As `write`, but neither SIGPIPE nor SIGXFSZ ever comes of it. Returns a negated errno.
long pt_write_quietly(int descriptor, const void *_Nonnull bytes, size_t count);

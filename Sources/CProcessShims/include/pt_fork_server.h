#pragma once
#include <stdint.h>

/// The low half of the tag that fork servers carry.
#define PT_HELPER_NODE 0xFFFFFFFFu
/// The exit code of a child whose setup failed before it was handed over.
#define PT_SETUP_FAILED 125

/// The run that a fork server belongs to.
struct pt_run {
  uint32_t run;
  int32_t root_pid;
  uint64_t root_start_time;
};

/// What the node holds of its fork server.
struct pt_fork_server {
  int32_t socket;
  int32_t pid;
  int32_t pidfd;
};

/// What a node asks for; four descriptors travel with it.
struct pt_request {
  uint64_t id;
  uint64_t tag;
  int32_t parent;
  /// Not 0: no child is wanted, the node says goodbye and the fork server is to leave.
  int32_t goodbye;
};

/// What the fork server answers; a pidfd travels with it if `error` is 0.
struct pt_reply {
  uint64_t id;
  int32_t pid;
  int32_t error;
};

/// Makes the fork server. Returns 0 in the caller, 1 in every child that the server clones later,
/// a negated errno on failure.
int pt_fork_server_start(const struct pt_run *_Nonnull run, const char *_Nonnull directory,
                         struct pt_fork_server *_Nonnull out);

/// Sends a request with four descriptors, without blocking.
int pt_fork_server_request(int socket, const struct pt_request *_Nonnull request,
                           const int32_t *_Nonnull descriptors);

/// Tells the fork server to leave at once.
int pt_fork_server_goodbye(int socket);

/// Takes one answer without blocking; EPIPE means that the server is gone. `pidfd` is -1 if none
/// came.
int pt_fork_server_receive(int socket, struct pt_reply *_Nonnull reply, int32_t *_Nonnull pidfd);

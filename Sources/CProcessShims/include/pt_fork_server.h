#pragma once
#include <stdint.h>

/// The low half of the tag of fork servers.
#define PT_HELPER_NODE 0xFFFFFFFFu
/// The exit code of a child whose setup failed.
#define PT_SETUP_FAILED 125
/// The size of a program's name, with a zero at its end.
#define PT_PROGRAM_NAME 513

/// The run of a fork server.
struct pt_run {
  uint32_t run;
  int32_t root_pid;
  uint64_t root_start_time;
  /// Shared memory with a time in nanoseconds since boot; a second after it the server ends the run,
  /// with its root. Null for none; as long as it is 0, there is no such time.
  const volatile uint64_t *_Nullable deadline;
  /// Brings into the server what a child needs, called before it is cloned, so that it and all later children find
  /// it there. `program` is empty if the server has prepared it before. Null for nothing.
  void (*_Nullable prepare)(int32_t has_links, const char *_Nonnull program);
  /// Whether so many children are expected that what makes each cheaper pays.
  int32_t is_for_many;
};

/// The node's handle to its fork server.
struct pt_fork_server {
  int32_t socket;
  int32_t pid;
  int32_t pidfd;
};

/// A node's request, sent with four descriptors.
struct pt_request {
  uint64_t id;
  uint64_t tag;
  int32_t parent;
  /// Whether the child is to have a fork server of its own, and the child's name for its title.
  int32_t has_server;
  char name[16];
  /// Whether the child is expected to open links.
  int32_t has_links;
  /// The name of its program, for the server to prepare; may be empty.
  char program[PT_PROGRAM_NAME];
};

/// The fork server's reply, sent with a pidfd if `error` is 0.
struct pt_reply {
  uint64_t id;
  int32_t pid;
  int32_t error;
};

/// Ends the thread that ThreadSanitizer has in a program that was built for it, so that the process can have a
/// fork server; does nothing in others. Races are found without it.
void pt_end_sanitizer_thread(void);

/// Makes the fork server. Returns 0 in the caller, 1 in every child that the server clones later, 2 in a child that
/// was asked to have a server of its own and has it, or a negated errno.
int pt_fork_server_start(const struct pt_run *_Nonnull run, const char *_Nonnull directory,
                         struct pt_fork_server *_Nonnull out);

/// Sends a request with four descriptors, without blocking.
int pt_fork_server_request(int socket, const struct pt_request *_Nonnull request,
                           const int32_t *_Nonnull descriptors);

/// Receives one reply without blocking; EPIPE if the server has ended. `pidfd` is -1 without one.
int pt_fork_server_receive(int socket, struct pt_reply *_Nonnull reply, int32_t *_Nonnull pidfd);

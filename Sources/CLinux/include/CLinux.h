// Linux calls that Swift's Glibc module lacks: epoll, eventfd, and libdispatch's hooks for run
// loops that drain the main queue themselves; and a gate between libzmq and the limit on open
// files.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// A descriptor that is readable while libdispatch's main queue has work.
int _dispatch_get_main_queue_handle_4CF(void);

/// Runs the work of the main queue. Call it on the main thread.
void _dispatch_main_queue_callback_4CF(void *_Null_unspecified message);

/// The treatment of a connection that waits at a listening socket.
typedef enum {
  /// The socket has no gate: accept as usual.
  cl_accept_as_ever,
  /// Accept, then call `keeps`.
  cl_accept_watched,
  /// Let it wait.
  cl_accept_later,
} cl_acceptance;

/// The callbacks for each connection that this process accepts, on the accepting thread.
typedef struct {
  /// Whether to accept a connection at this listening socket now; otherwise it waits in the kernel.
  cl_acceptance (*_Nonnull may_accept)(int listener);
  /// Whether to keep a connection accepted there; otherwise it is closed.
  bool (*_Nonnull keeps)(int listener, int connection);
} cl_accept_gate;

/// Sets the callbacks; the value must live as long as the process.
///
/// libzmq's thread aborts the process when accept4 reports that no descriptor is free, and offers
/// no way to refuse connections. So this module defines an accept4 that replaces the C library's
/// when the program is linked; it calls the callbacks, and then makes the same system call.
void cl_set_accept_gate(const cl_accept_gate *_Nonnull gate);

/// The kernel's unique number of a socket; 0 if the descriptor is not a socket.
uint64_t cl_socket_cookie(int descriptor);

/// The process at the other end of a unix socket, as of its connect or listen; 0 if it is not known.
int32_t cl_peer_process(int descriptor);

/// Shuts down another thread's connection, if the descriptor still is that socket.
void cl_shut_down(int descriptor, uint64_t cookie);

/// Whether this many descriptors are free.
bool cl_has_free_descriptors(int count);

/// The soft limit on open files.
uint64_t cl_descriptor_limit(void);

// Linux calls that Swift's Glibc module does not map: epoll, eventfd, libdispatch's hooks for run loops
// that drain the main queue themselves; and what stands between libzmq and the limit on open files.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// A descriptor that is readable while libdispatch's main queue has work.
int _dispatch_get_main_queue_handle_4CF(void);

/// Runs what the main queue holds. To be called on the main thread.
void _dispatch_main_queue_callback_4CF(void *_Null_unspecified message);

/// What becomes of a connection that waits at a listening socket.
typedef enum {
  /// The socket is none of ours: it is accepted as ever.
  cl_accept_as_ever,
  /// It is accepted, and then asked about.
  cl_accept_watched,
  /// It waits on.
  cl_accept_later,
} cl_acceptance;

/// What is asked about each connection that this process accepts, on the thread that does so.
typedef struct {
  /// Whether one may be accepted at this listening socket now; it waits in the kernel otherwise.
  cl_acceptance (*_Nonnull may_accept)(int listener);
  /// Whether one that was accepted there is kept; it is closed otherwise.
  bool (*_Nonnull keeps)(int listener, int connection);
} cl_accept_gate;

/// Sets who is asked; the value must live as long as the process.
///
/// libzmq's thread aborts the process when accept4 reports that no descriptor is free, and offers no way
/// to refuse connections. So this module has an accept4 of its own, which takes the C library's place
/// when the program is linked; it asks, and then makes the same system call.
void cl_set_accept_gate(const cl_accept_gate *_Nonnull gate);

/// A number that the kernel gives no other socket; 0 when the descriptor is no socket.
uint64_t cl_socket_cookie(int descriptor);

/// Ends a connection whose descriptor is another thread's, if the descriptor still is that socket.
void cl_shut_down(int descriptor, uint64_t cookie);

/// Whether so many descriptors are free.
bool cl_has_free_descriptors(int count);

/// The soft limit on open files.
uint64_t cl_descriptor_limit(void);

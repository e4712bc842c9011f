// Linux calls that Swift's Glibc module lacks: epoll, eventfd, and libdispatch's hooks for run
// loops that drain the main queue themselves; and a gate between libzmq and the limit on open
// files.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// A descriptor that is readable while libdispatch's main queue has work.
int _dispatch_get_main_queue_handle_4CF(void);

/// Runs the work of the main queue. Call it on the main thread.
void _dispatch_main_queue_callback_4CF(void *_Null_unspecified message);

/// Makes libdispatch look up the functions that it needs for the descriptor of the main queue, so that clones
/// of this process need not. It makes no thread, and leaves no descriptor.
void cl_rehearse_main_queue(void);

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
  /// A connection that was accepted at the listening socket with this cookie has brought bytes that no
  /// node sends, and is shut down.
  void (*_Nonnull broke)(uint64_t listener, int connection);
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

/// Whether the process at the other end of a unix socket ran as our effective user when it connected.
bool cl_peer_has_our_user(int descriptor);

/// Shuts down another thread's connection, if the descriptor still is that socket.
void cl_shut_down(int descriptor, uint64_t cookie);

/// Whether this many descriptors are free.
bool cl_has_free_descriptors(int count);

/// The soft limit on open files.
uint64_t cl_descriptor_limit(void);

// MARK: The frames of libzmq's connections

// libzmq has a limit on the size of a frame, but none on the frames of a message nor on those that
// wait to be taken, unless it may drop some. So this module also defines the recv and the connect
// that libzmq calls, and follows the frames of its connections before it sees them: each connection
// may bring single frames only, and so many bytes that nobody has taken; the rest waits in the kernel.

enum {
  /// The largest frame, in bytes.
  cl_longest_frame = 1 << 20,
  /// The largest command of libzmq's own, in bytes.
  cl_longest_command = 1 << 12,
  /// The most bytes that may wait to be taken, from a peer that has not proved its identity and from
  /// another. More than a frame, or none could be completed.
  cl_most_unread_unproved = 2 << 20,
  cl_most_unread = 16 << 20,
};

/// Follows a new connection of this thread, accepted at the listening socket with a cookie; false if
/// that cannot be.
bool cl_stream_begin(int descriptor, uint64_t listener, uint64_t most_unread);

/// Follows a connection no longer.
void cl_stream_end(int descriptor);

/// Sets how many bytes may wait to be taken.
void cl_stream_allow(int descriptor, uint64_t most_unread);

/// Notes that so many frames, with so many bytes in all, have been taken.
void cl_stream_took(int descriptor, uint64_t frames, uint64_t bytes);

/// Whether so many bytes wait that no more may come.
bool cl_stream_is_full(int descriptor);

/// Follows the next bytes of a connection; false if no node sends them.
bool cl_stream_follow(int descriptor, const uint8_t *_Nonnull bytes, size_t count);

/// Announces what a connection has brought.
void cl_stream_broke(uint64_t listener, int connection);

/// Follows the connections that this process makes to sockets in the directory of a path.
void cl_watch_connections_into(const char *_Nonnull path);

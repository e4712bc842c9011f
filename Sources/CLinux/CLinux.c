#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

// A queue with a descriptor, as the main queue has one: for CoreFoundation, and absent in some versions.
extern void *_dispatch_runloop_root_queue_create_4CF(const char *label, unsigned long flags)
    __attribute__((weak));
extern void dispatch_release(void *object);

extern void dispatch_once(long *predicate, void *block);

/// A block that does nothing, as compilers lay it out. It is called once, and never copied.
struct block {
  void *isa;
  int flags;
  int reserved;
  void (*invoke)(struct block *block);
  void *descriptor;
};

static void do_nothing(struct block *block) { (void)block; }

void cl_rehearse_main_queue(void) {
  // libdispatch calls another function of its own for the first time, which is looked up in all libraries: twelve
  // page faults in each child.
  static long predicate;
  struct block block = {.invoke = do_nothing};
  dispatch_once(&predicate, &block);
  if (!_dispatch_runloop_root_queue_create_4CF) return;
  void *queue = _dispatch_runloop_root_queue_create_4CF("rehearsal", 0);
  if (queue) dispatch_release(queue);
}

static _Atomic(const cl_accept_gate *) accept_gate;

void cl_set_accept_gate(const cl_accept_gate *gate) { atomic_store(&accept_gate, gate); }

// Versions of the C library differ in the parameter names of this declaration.
int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags) {
  const cl_accept_gate *gate = atomic_load_explicit(&accept_gate, memory_order_acquire);
  cl_acceptance acceptance = gate != NULL ? gate->may_accept(listener) : cl_accept_as_ever;
  if (acceptance == cl_accept_later) {
    errno = EAGAIN;
    return -1;
  }
  int connection = (int)syscall(SYS_accept4, listener, address, length, flags);
  if (acceptance == cl_accept_as_ever) {
    if (connection >= 0) {
      cl_stream_end(connection);
    } else if (errno == EMFILE || errno == ENFILE) {
      // libzmq would abort. Its poller calls again at once, and no event reports that a descriptor is free.
      usleep(1000);
      errno = EAGAIN;
    }
    return connection;
  }
  // Another thread may have taken the last descriptor meanwhile.
  if (connection < 0 && errno == EMFILE) errno = EAGAIN;
  if (connection < 0 || gate->keeps(listener, connection)) return connection;
  close(connection);
  errno = ECONNABORTED;
  return -1;
}

uint64_t cl_socket_cookie(int descriptor) {
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

void cl_stream_broke(uint64_t listener, int connection) {
  const cl_accept_gate *gate = atomic_load_explicit(&accept_gate, memory_order_acquire);
  if (gate != NULL && listener != 0) gate->broke(listener, connection);
}

static bool find_peer(int descriptor, struct ucred *peer) {
  socklen_t size = sizeof *peer;
  return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, peer, &size) == 0;
}

int32_t cl_peer_process(int descriptor) {
  struct ucred peer;
  return find_peer(descriptor, &peer) ? peer.pid : 0;
}

bool cl_peer_has_our_user(int descriptor) {
  struct ucred peer;
  return find_peer(descriptor, &peer) && peer.uid == geteuid();
}

void cl_shut_down(int descriptor, uint64_t cookie) {
  // The number may be reused between the check and the call, but a copy keeps its file.
  int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  int held = copy >= 0 ? copy : descriptor;
  if (cl_socket_cookie(held) == cookie) shutdown(held, SHUT_RDWR);
  if (copy >= 0) close(copy);
}

uint64_t cl_descriptor_limit(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

bool cl_has_free_descriptors(int count) {
  enum { at_once = 128 };
  struct pollfd numbers[at_once];
  uint64_t limit = cl_descriptor_limit();
  int64_t top = limit < INT32_MAX ? (int64_t)limit : INT32_MAX;
  // Count from the top, where nearly all are free, because numbers are given from the bottom.
  while (count > 0 && top > 0) {
    nfds_t size = top < at_once ? (nfds_t)top : at_once;
    top -= (int64_t)size;
    for (nfds_t index = 0; index < size; index++) {
      numbers[index] = (struct pollfd){.fd = (int)top + (int)index};
    }
    if (poll(numbers, size, 0) < 0) return false;
    for (nfds_t index = 0; index < size; index++) {
      if (numbers[index].revents & POLLNVAL) count--;
    }
  }
  return count <= 0;
}

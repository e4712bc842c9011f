// Looks at the connections of other processes.
#include "internal.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

int pt_descriptor_take(int pidfd, int number) {
  long taken = syscall(SYS_pidfd_getfd, pidfd, number, 0);
  return taken >= 0 ? (int)taken : -errno;
}

int pt_connection_path(int descriptor, char path[_Nonnull PT_SOCKET_PATH]) {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
    return ENOTCONN;
  struct sockaddr_un own, peer;
  socklen_t own_size = sizeof own, peer_size = sizeof peer;
  memset(&own, 0, sizeof own);
  memset(&peer, 0, sizeof peer);
  // A listening socket has no peer.
  if (getpeername(descriptor, (struct sockaddr *)&peer, &peer_size) != 0) return ENOTCONN;
  if (getsockname(descriptor, (struct sockaddr *)&own, &own_size) != 0) return ENOTCONN;
  if (own.sun_family != AF_UNIX || peer.sun_family != AF_UNIX) return ENOTCONN;
  const struct sockaddr_un *named = own.sun_path[0] ? &own : &peer;
  memcpy(path, named->sun_path, PT_SOCKET_PATH);
  path[PT_SOCKET_PATH - 1] = 0;
  return path[0] ? 0 : ENOTCONN;
}

int pt_accept_local(int listener, int32_t *_Nonnull pid, uint32_t *_Nonnull user) {
  long made = syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (made < 0) return -errno;
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt((int)made, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    int error = errno;
    close((int)made);
    return -error;
  }
  *pid = peer.pid;
  *user = peer.uid;
  return (int)made;
}

// The node's side of the conversation with its fork server.
#include "internal.h"
#include <sys/socket.h>
#include <unistd.h>

int pt_fork_server_request(int socket, const struct pt_request *_Nonnull request,
                           const int32_t *_Nonnull descriptors) {
  return pt_send(socket, request, sizeof *request, descriptors, 4, MSG_DONTWAIT);
}

int pt_fork_server_receive(int socket, struct pt_reply *_Nonnull reply, int32_t *_Nonnull pidfd) {
  int descriptors[4];
  int count;
  *pidfd = -1;
  long size = pt_receive(socket, reply, sizeof *reply, descriptors, &count, MSG_DONTWAIT);
  if (size == -EAGAIN) return EAGAIN;
  if (size != sizeof *reply) {
    for (int i = 0; i < count; i++) close(descriptors[i]);
    return EPIPE;
  }
  for (int i = 1; i < count; i++) close(descriptors[i]);
  if (count > 0) *pidfd = descriptors[0];
  return 0;
}

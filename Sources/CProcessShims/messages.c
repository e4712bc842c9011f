// Sends and receives messages with descriptors over a SOCK_SEQPACKET socket.
#include "internal.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { most_descriptors = 4 };

/// The space for the descriptors of one message, aligned for a header.
union control {
  char bytes[CMSG_SPACE(sizeof(int) * most_descriptors)];
  struct cmsghdr header;
};

int pt_send(int socket, const void *_Nonnull bytes, size_t size, const int *_Nullable descriptors,
            int count, int flags) {
  union control control;
  memset(&control, 0, sizeof control);
  struct iovec part = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * (size_t)count);
  }
  for (;;) {
    if (sendmsg(socket, &message, flags | MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

long pt_receive(int socket, void *_Nonnull bytes, size_t size, int *_Nonnull descriptors,
                int *_Nonnull count, int flags) {
  union control control;
  struct iovec part = {bytes, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
  long length;
  do {
    message.msg_controllen = sizeof control.bytes;
    length = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  *count = 0;
  if (length < 0) return -errno;

  int received = 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int here = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int i = 0; i < here && received < most_descriptors; i++, received++)
      memcpy(&descriptors[received], CMSG_DATA(header) + (size_t)i * sizeof(int), sizeof(int));
  }
  // At a descriptor limit the kernel delivers some and sets a flag, but reports no error.
  if (message.msg_flags & MSG_CTRUNC) {
    for (int i = 0; i < received; i++) close(descriptors[i]);
    *count = -1;
  } else {
    *count = received;
  }
  return length;
}

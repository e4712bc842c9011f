#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  greeting_size = 64,
  longest_header = 9,
  flag_long = 2,
  flag_command = 4,
  // Descriptors beyond the table are not watched; limits are raised to no more.
  streams_in_chunk = 1024,
  chunks = 1024,
  // The memory that a frame costs libzmq beside its bytes.
  cost_of_frame = 64,
  rest_microseconds = 1000,
};

// The bytes that have come over one connection, as ZMTP 3 frames. The reading thread alone writes
// the first part.
typedef struct {
  uint64_t left;
  uint8_t header[longest_header];
  uint8_t header_bytes;
  uint8_t greeting_bytes;
  bool is_watched;
  bool is_command;
  uint64_t listener;
  _Atomic uint64_t received;
  _Atomic uint64_t taken;
  _Atomic uint64_t most_unread;
} stream;

static _Atomic(stream *) table[chunks];

// Only the thread that moves libzmq's bytes has connections that are watched.
static _Thread_local bool moves_bytes;

static stream *stream_of(int descriptor) {
  if (descriptor < 0 || descriptor >= chunks * streams_in_chunk) return NULL;
  stream *chunk = atomic_load_explicit(&table[descriptor / streams_in_chunk], memory_order_acquire);
  return chunk != NULL ? &chunk[descriptor % streams_in_chunk] : NULL;
}

static stream *make_stream(int descriptor) {
  if (descriptor < 0 || descriptor >= chunks * streams_in_chunk) return NULL;
  _Atomic(stream *) *place = &table[descriptor / streams_in_chunk];
  if (atomic_load(place) == NULL) {
    stream *made = calloc(streams_in_chunk, sizeof *made);
    stream *none = NULL;
    if (made == NULL) return NULL;
    if (!atomic_compare_exchange_strong(place, &none, made)) free(made);
  }
  return stream_of(descriptor);
}

bool cl_stream_begin(int descriptor, uint64_t listener, uint64_t most_unread) {
  moves_bytes = true;
  stream *stream = make_stream(descriptor);
  if (stream == NULL) return false;
  stream->left = 0;
  stream->header_bytes = 0;
  stream->greeting_bytes = 0;
  stream->is_command = false;
  stream->is_watched = true;
  stream->listener = listener;
  atomic_store(&stream->received, 0);
  atomic_store(&stream->taken, 0);
  atomic_store(&stream->most_unread, most_unread);
  return true;
}

void cl_stream_end(int descriptor) {
  stream *stream = stream_of(descriptor);
  if (stream != NULL) stream->is_watched = false;
}

void cl_stream_allow(int descriptor, uint64_t most_unread) {
  stream *stream = stream_of(descriptor);
  if (stream != NULL) atomic_store(&stream->most_unread, most_unread);
}

void cl_stream_took(int descriptor, uint64_t frames, uint64_t bytes) {
  stream *stream = stream_of(descriptor);
  if (stream != NULL) {
    uint64_t cost = bytes + frames * cost_of_frame;
    atomic_fetch_add_explicit(&stream->taken, cost, memory_order_relaxed);
  }
}

static bool greets(stream *stream, uint8_t byte) {
  switch (stream->greeting_bytes++) {
  case 0: return byte == 0xFF;
  case 9: return byte == 0x7F;
  // Older versions frame differently.
  case 10: return byte >= 3;
  default: return true;
  }
}

static bool begins_frame(stream *stream, uint8_t byte) {
  stream->header[stream->header_bytes++] = byte;
  uint8_t flags = stream->header[0];
  if (flags & ~(flag_long | flag_command)) return false;
  int size = flags & flag_long ? longest_header : 2;
  if (stream->header_bytes < size) return true;
  uint64_t length = 0;
  for (int index = 1; index < size; index++) length = length << 8 | stream->header[index];
  stream->header_bytes = 0;
  stream->is_command = flags & flag_command;
  if (length > (stream->is_command ? cl_longest_command : cl_longest_frame)) return false;
  stream->left = length;
  if (!stream->is_command) atomic_fetch_add(&stream->received, cost_of_frame);
  return true;
}

bool cl_stream_follow(int descriptor, const uint8_t *bytes, size_t count) {
  stream *stream = stream_of(descriptor);
  if (stream == NULL || !stream->is_watched) return true;
  while (count > 0) {
    if (stream->left > 0) {
      uint64_t part = stream->left < count ? stream->left : count;
      if (!stream->is_command) atomic_fetch_add(&stream->received, part);
      stream->left -= part;
      bytes += part;
      count -= part;
      continue;
    }
    bool is_fine = stream->greeting_bytes < greeting_size ? greets(stream, *bytes)
                                                          : begins_frame(stream, *bytes);
    if (!is_fine) {
      // Whatever else comes is not looked at.
      stream->is_watched = false;
      return false;
    }
    bytes++;
    count--;
  }
  return true;
}

bool cl_stream_is_full(int descriptor) {
  stream *stream = stream_of(descriptor);
  if (stream == NULL || !stream->is_watched) return false;
  // A frame of an earlier connection with this descriptor may be taken late.
  int64_t unread = (int64_t)(atomic_load(&stream->received) - atomic_load(&stream->taken));
  return unread > (int64_t)atomic_load(&stream->most_unread);
}

// Versions of the C library differ in the parameter names of these declarations.
ssize_t recv(int descriptor, void *buffer, size_t size, int flags) {
  if (moves_bytes && cl_stream_is_full(descriptor)) {
    // The poller calls again at once, and no event reports that a frame has been taken.
    usleep(rest_microseconds);
    errno = EAGAIN;
    return -1;
  }
  ssize_t count = syscall(SYS_recvfrom, descriptor, buffer, size, flags, NULL, NULL);
  if (!moves_bytes || count <= 0 || cl_stream_follow(descriptor, buffer, (size_t)count)) {
    return count;
  }
  shutdown(descriptor, SHUT_RDWR);
  cl_stream_broke(stream_of(descriptor)->listener, descriptor);
  errno = ECONNRESET;
  return -1;
}

static _Atomic(const char *) watched_directory;

void cl_watch_connections_into(const char *path) {
  const char *slash = strrchr(path, '/');
  size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  const char *known = atomic_load(&watched_directory);
  if (known != NULL && strlen(known) == length && strncmp(known, path, length) == 0) return;
  // The one before, of which a thread may be reading, is not freed: a process has one directory.
  atomic_store(&watched_directory, strndup(path, length));
}

static bool is_watched(const struct sockaddr *address, socklen_t size) {
  const char *directory = atomic_load(&watched_directory);
  if (directory == NULL || address->sa_family != AF_UNIX) return false;
  size_t length = strlen(directory);
  return size > offsetof(struct sockaddr_un, sun_path) + length
      && strncmp(((const struct sockaddr_un *)address)->sun_path, directory, length) == 0;
}

int connect(int descriptor, const struct sockaddr *address, socklen_t size) {
  // libzmq's sockets do not block; those of other code of this process are its own affair.
  if (is_watched(address, size) && (fcntl(descriptor, F_GETFL) & O_NONBLOCK)) {
    cl_stream_begin(descriptor, 0, cl_most_unread);
  } else if (moves_bytes) {
    cl_stream_end(descriptor);
  }
  return (int)syscall(SYS_connect, descriptor, address, size);
}

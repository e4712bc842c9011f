// What wakes a process that waits for a peer: a pipe, found through /proc.
#include "internal.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// Both ends in one descriptor: there is always a reader, so writing never raises SIGPIPE, and always a
// writer, so reading never finds the end.
enum { both_ends = O_RDWR | O_NONBLOCK };

int pt_bell_make(int32_t *_Nonnull descriptor, uint64_t *_Nonnull inode) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno;
  int made = pt_open_descriptor(getpid(), ends[0], both_ends);
  close(ends[0]);
  close(ends[1]);
  if (made < 0) return -made;
  struct stat file;
  if (fstat(made, &file) != 0) {
    int error = errno;
    close(made);
    return error;
  }
  fcntl(made, F_SETPIPE_SZ, 4096);
  *descriptor = made;
  *inode = file.st_ino;
  return 0;
}

int pt_bell_open(int32_t pid, int32_t descriptor, uint64_t inode) {
  int found = pt_open_descriptor(pid, descriptor, O_PATH);
  if (found < 0) return found;
  struct stat file;
  int opened = -ENOENT;
  if (fstat(found, &file) == 0 && S_ISFIFO(file.st_mode) && file.st_ino == inode)
    opened = pt_open_descriptor(getpid(), found, both_ends);
  close(found);
  return opened;
}

// Ends a run's control group, and with it the processes that have taken their tags off.
#include "internal.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { longest_path = 4096, longest_wait_milliseconds = 10000 };

static const char file_of_path[] = "cgroup";
static const char prefix[] = "ptree-";

/// The group of this process's run; empty for none. Clones inherit it.
static char kept[longest_path];

/// Writes a text to a file of a group. Returns an errno.
static int write_to(const char *_Nonnull group, const char *_Nonnull file,
                    const char *_Nonnull text) {
  int directory = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno;
  int opened = openat(directory, file, O_WRONLY | O_CLOEXEC);
  int error = opened < 0 ? errno : 0;
  close(directory);
  if (error != 0) return error;
  if (write(opened, text, strlen(text)) < 0) error = errno;
  close(opened);
  return error;
}

int pt_group_enter(const char *_Nonnull group, int32_t pid) {
  char digits[12], *at = digits + sizeof digits;
  *--at = 0;
  do *--at = (char)('0' + pid % 10);
  while ((pid /= 10) > 0);
  return write_to(group, "cgroup.procs", at);
}

int pt_group_read(int directory, const char *_Nonnull run, char *_Nonnull group, size_t size) {
  int opened = openat(directory, file_of_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (opened < 0) return errno;
  long length = read(opened, group, size - 1);
  int error = length < 0 ? errno : 0;
  close(opened);
  if (error != 0) return error;
  group[length] = 0;
  // A file that somebody has changed must not lead to another group.
  const char *name = strrchr(group, '/');
  if (!name || strncmp(name + 1, prefix, sizeof prefix - 1) != 0) return EINVAL;
  return strcmp(name + sizeof prefix, run) == 0 ? 0 : EINVAL;
}

void pt_group_keep(const char *_Nonnull run_directory) {
  const char *name = strrchr(run_directory, '/');
  if (kept[0] || !name) return;
  int directory = pt_open_own_directory(AT_FDCWD, run_directory);
  if (directory < 0) return;
  if (pt_group_read(directory, name + 1, kept, sizeof kept) != 0) kept[0] = 0;
  close(directory);
}

/// Waits until a group has no process. Returns an errno.
static int wait_until_empty(int events) {
  char text[256];
  for (;;) {
    long length = pread(events, text, sizeof text - 1, 0);
    if (length < 0) return errno == ENODEV ? 0 : errno;
    text[length] = 0;
    if (strstr(text, "populated 0")) return 0;
    struct pollfd change = {events, POLLPRI, 0};
    int count = poll(&change, 1, longest_wait_milliseconds);
    if (count == 0) return ETIMEDOUT;
    if (count < 0 && errno != EINTR) return errno;
  }
}

int pt_group_end(const char *_Nonnull group) {
  int error = write_to(group, "cgroup.kill", "1");
  if (error != 0) return error == ENOENT || error == ENODEV ? 0 : error;
  int directory = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno == ENOENT ? 0 : errno;
  int events = openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
  error = events < 0 ? errno : wait_until_empty(events);
  if (events >= 0) close(events);
  // Runs within this one have groups in it.
  if (error == 0) pt_clear_directory(directory);
  close(directory);
  if (error == 0 && rmdir(group) != 0 && errno != ENOENT) error = errno;
  return error;
}

int pt_group_end_kept(void) {
  if (!kept[0]) return 0;
  char above[longest_path];
  size_t length = (size_t)(strrchr(kept, '/') - kept);
  memcpy(above, kept, length);
  above[length] = 0;
  // Otherwise this process would end before it has removed the group.
  int error = write_to(above, "cgroup.procs", "0");
  return error == 0 ? pt_group_end(kept) : error;
}

// Removes a run's directory.
#include "internal.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { longest_path = 4096 };

int pt_open_own_directory(int parent, const char *_Nonnull name) {
  int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0) return -errno;
  struct stat status;
  int error = fstat(directory, &status) != 0 ? errno : 0;
  if (error == 0 && status.st_uid != geteuid()) error = EPERM;
  if (error == 0) return directory;
  close(directory);
  return -error;
}

void pt_clear_directory(int directory) {
  _Alignas(8) char buffer[8192];
  long size;
  // Some file systems skip entries while others are removed, so look again.
  for (int round = 0, found = 1; found && round < 3; round++) {
    found = 0;
    lseek(directory, 0, SEEK_SET);
    while ((size = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
      for (long at = 0; at < size;) {
        const struct pt_entry *entry = (const struct pt_entry *)(buffer + at);
        at += entry->length;
        if (unlinkat(directory, entry->name, 0) == 0) found = 1;
      }
    }
  }
}

void pt_remove_run_directory(const char *_Nonnull path) {
  // The parent directory is checked too, because a link in its place would lead elsewhere.
  char above[longest_path];
  const char *name = strrchr(path, '/');
  if (!name || name == path || (size_t)(name - path) >= sizeof above) return;
  memcpy(above, path, (size_t)(name - path));
  above[name - path] = 0;
  int parent = pt_open_own_directory(AT_FDCWD, above);
  if (parent < 0) return;
  int directory = pt_open_own_directory(parent, name + 1);
  if (directory >= 0) {
    pt_clear_directory(directory);
    close(directory);
    unlinkat(parent, name + 1, AT_REMOVEDIR);
  }
  close(parent);
}

// Removes a run's directory.
#include "internal.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { longest_path = 4096, most_levels = 64 };

static void clear(int directory, int levels);

static int is_dots(const char *_Nonnull name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

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

// A directory of the run may hold others, which its nodes have made.
static int remove_inner_directory(int parent, const char *_Nonnull name, int levels) {
  struct stat above, status;
  if (levels == 0 || fstat(parent, &above) != 0) return 0;
  if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  // A mounted file system is no part of the run.
  if (!S_ISDIR(status.st_mode) || status.st_dev != above.st_dev) return 0;
  if ((status.st_mode & 0700) != 0700) fchmodat(parent, name, 0700, 0);
  int directory = pt_open_own_directory(parent, name);
  if (directory < 0) return 0;
  clear(directory, levels - 1);
  close(directory);
  return unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

static void clear(int directory, int levels) {
  _Alignas(8) char buffer[4096];
  long size;
  // Some file systems skip entries while others are removed, so look again.
  for (int round = 0, found = 1; found && round < 3; round++) {
    found = 0;
    lseek(directory, 0, SEEK_SET);
    while ((size = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
      for (long at = 0; at < size;) {
        const struct pt_entry *entry = (const struct pt_entry *)(buffer + at);
        at += entry->length;
        if (is_dots(entry->name)) continue;
        if (unlinkat(directory, entry->name, 0) == 0) found = 1;
        else if (remove_inner_directory(directory, entry->name, levels)) found = 1;
      }
    }
  }
}

void pt_clear_directory(int directory) { clear(directory, most_levels); }

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

// Removes a run's directory.
#include "internal.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { longest_path = 4096, most_levels = 64, do_not_replace = 1 };

// The directory that is being cleared, and how many directories have been moved up to it.
struct clearing {
  int top;
  uint32_t moved;
};

static void clear(struct clearing *_Nonnull state, int directory, int levels);

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

// Stack and descriptors do for so many levels: what lies deeper is moved up, and cleared from there.
static int move_up(struct clearing *_Nonnull state, int parent, const char *_Nonnull name) {
  // Names that are taken already are passed over, but a directory may be full of them.
  for (int attempt = 0; attempt < 100; attempt++) {
    char place[16] = "deep-", *end = place + sizeof "deep-" - 1;
    uint32_t number = state->moved++;
    do *end++ = (char)('a' + number % 26);
    while (number /= 26);
    *end = 0;
    if (syscall(SYS_renameat2, parent, name, state->top, place, do_not_replace) == 0) return 1;
    if (errno != EEXIST) return 0;
  }
  return 0;
}

// A directory of the run may hold others, which its nodes have made.
static int remove_inner_directory(struct clearing *_Nonnull state, int parent,
                                  const char *_Nonnull name, int levels) {
  struct stat above, status;
  if (fstat(parent, &above) != 0) return 0;
  if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  // A mounted file system is no part of the run.
  if (!S_ISDIR(status.st_mode) || status.st_dev != above.st_dev) return 0;
  if ((status.st_mode & 0700) != 0700) fchmodat(parent, name, 0700, 0);
  if (levels == 0) return move_up(state, parent, name);
  int directory = pt_open_own_directory(parent, name);
  if (directory < 0) return 0;
  clear(state, directory, levels - 1);
  close(directory);
  return unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

static void clear(struct clearing *_Nonnull state, int directory, int levels) {
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
        else if (remove_inner_directory(state, directory, entry->name, levels)) found = 1;
      }
    }
  }
}

void pt_clear_directory(int directory) {
  struct clearing state = {.top = directory, .moved = 0};
  // Each round takes levels away for good, so that there is a last one.
  for (uint32_t moved = UINT32_MAX; moved != state.moved;) {
    moved = state.moved;
    clear(&state, directory, most_levels);
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

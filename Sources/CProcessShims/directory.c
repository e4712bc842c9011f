// Removing a run's directory.
#include "internal.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

void pt_remove_flat_directory(const char *_Nonnull path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0) return;
  _Alignas(8) char buffer[8192];
  long size;
  // Some file systems skip entries while others are being removed: look again.
  for (int round = 0; round < 3; round++) {
    lseek(directory, 0, SEEK_SET);
    while ((size = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
      for (long at = 0; at < size;) {
        const struct pt_entry *entry = (const struct pt_entry *)(buffer + at);
        at += entry->length;
        unlinkat(directory, entry->name, 0);
      }
    }
    if (rmdir(path) == 0) break;
  }
  close(directory);
}

// Memory that one process writes and others read, found through /proc.
#include "internal.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Some C libraries are older than these constants.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

int pt_memory_make(void) {
  const char *name = "process-tree";
  int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  // Kernels before 6.3 do not know the last flag; later ones may require it.
  if (descriptor < 0 && errno == EINVAL)
    descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return descriptor >= 0 ? descriptor : -errno;
}

int pt_region_make(uint64_t size, int32_t *_Nonnull descriptor, uint64_t *_Nonnull inode,
                   void *_Nullable *_Nonnull memory) {
  int made = pt_memory_make();
  if (made < 0) return -made;
  struct stat file;
  void *mapped = MAP_FAILED;
  int error = 0;
  // This memory counts as a file: beyond the limit on file size the kernel sends SIGXFSZ.
  struct pt_held_signals hold;
  pt_hold_signals(&hold);
  // Seal the size, because a file that shrinks under a reader's mapping would kill the reader.
  if (ftruncate(made, (off_t)size) != 0 || fstat(made, &file) != 0 ||
      fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
    error = errno;
  pt_release_signals(&hold);
  if (error == 0) {
    mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
    if (mapped == MAP_FAILED) error = errno;
  }
  if (error != 0) {
    close(made);
    return error;
  }
  // The mapping above stays writable. Kernels before 5.1 lack this seal, so readers are trusted not
  // to write.
  if (fcntl(made, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
    fcntl(made, F_ADD_SEALS, F_SEAL_SEAL);
  *descriptor = made;
  *inode = file.st_ino;
  *memory = mapped;
  return 0;
}

/// Describes a file without asking a file server, which might block.
static int describe(int descriptor, struct statx *_Nonnull out) {
  int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  return statx(descriptor, "", flags, STATX_TYPE | STATX_INO, out) == 0 ? 0 : errno;
}

static int describe_region(int descriptor, struct pt_region_file *_Nonnull out) {
  struct statx file, own;
  int error = describe(descriptor, &file);
  if (error != 0) return error;
  // All such memory is on one device, without other files and without a fixed number.
  int memory = pt_memory_make();
  if (memory < 0) return -memory;
  error = describe(memory, &own);
  close(memory);
  if (error != 0) return error;
  out->inode = file.stx_ino;
  out->is_memory = S_ISREG(file.stx_mode) && file.stx_dev_major == own.stx_dev_major &&
                   file.stx_dev_minor == own.stx_dev_minor;
  return 0;
}

int pt_region_find(int32_t pid, int32_t descriptor, struct pt_region_file *_Nonnull out) {
  int found = pt_open_descriptor(pid, descriptor, O_PATH);
  if (found < 0) return found;
  int error = describe_region(found, out);
  if (error == 0) return found;
  close(found);
  return -error;
}

int pt_region_open(int32_t found) { return pt_open_descriptor(getpid(), found, O_RDONLY); }

int pt_region_fixed_size(int32_t descriptor, uint64_t *_Nonnull size) {
  int needed = F_SEAL_SHRINK | F_SEAL_GROW;
  int seals = fcntl(descriptor, F_GET_SEALS);
  if (seals < 0) return errno;
  if ((seals & needed) != needed) return EPERM;
  // Read the size after the seals, because it might have changed before.
  struct stat file;
  if (fstat(descriptor, &file) != 0) return errno;
  *size = (uint64_t)file.st_size;
  return 0;
}

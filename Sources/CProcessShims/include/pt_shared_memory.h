#pragma once
#include <stdint.h>

/// The object behind a descriptor.
struct pt_region_file {
  uint64_t inode;
  /// Whether it is anonymous memory, not a file, device or pipe.
  int32_t is_memory;
};

/// Makes sealed memory of `size` bytes, writable only through this mapping.
int pt_region_make(uint64_t size, int32_t *_Nonnull descriptor, uint64_t *_Nonnull inode,
                   void *_Nullable *_Nonnull memory);

/// Identifies the object behind a descriptor of a process without opening it: opening a device has
/// effects, and opening a pipe may block. Returns a descriptor for `pt_region_open`, or a negated
/// errno.
int pt_region_find(int32_t pid, int32_t descriptor, struct pt_region_file *_Nonnull out);

/// Opens a found object for reading. Returns a descriptor, or a negated errno.
int pt_region_open(int32_t found);

/// The permanent size of the memory behind a descriptor; EPERM if it may change.
int pt_region_fixed_size(int32_t descriptor, uint64_t *_Nonnull size);

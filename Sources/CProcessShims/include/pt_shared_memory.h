#pragma once
#include <stdint.h>

/// What a descriptor leads to.
struct pt_region_file {
  uint64_t inode;
  /// Whether it is memory that the kernel made for a descriptor, not a file, device or pipe.
  int32_t is_memory;
};

/// Makes sealed memory of `size` bytes that only the mapping made here can write.
int pt_region_make(uint64_t size, int32_t *_Nonnull descriptor, uint64_t *_Nonnull inode,
                   void *_Nullable *_Nonnull memory);

/// Finds what a descriptor of a process leads to, without opening it: opening a device has effects,
/// and opening a pipe may wait. Returns a descriptor for `pt_region_open`, or a negated errno.
int pt_region_find(int32_t pid, int32_t descriptor, struct pt_region_file *_Nonnull out);

/// Opens for reading what `pt_region_find` has found. Returns a descriptor, or a negated errno.
int pt_region_open(int32_t found);

/// The size that the memory behind a descriptor has for ever; EPERM if it may still change.
int pt_region_fixed_size(int32_t descriptor, uint64_t *_Nonnull size);

/// Maps `size` bytes for reading.
int pt_region_map(int32_t descriptor, uint64_t size, const void *_Nullable *_Nonnull memory);

/// Takes a mapping away.
void pt_region_unmap(const void *_Nonnull memory, uint64_t size);

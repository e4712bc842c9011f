#pragma once
#include <stdint.h>

/// Makes a bell: a pipe that does not block, of which this descriptor is both ends. It has one page,
/// because the kernel counts the pages of a user's pipes.
int pt_bell_make(int32_t *_Nonnull descriptor, uint64_t *_Nonnull inode);

/// Opens the bell behind a descriptor of a process, if it is the pipe with this inode. Returns a
/// descriptor, or a negated errno.
int pt_bell_open(int32_t pid, int32_t descriptor, uint64_t inode);

#pragma once

/// Writes what is in the C library's buffers; a pipe without a reader is an error and no signal.
///
/// Returns 0, or the errno of a failure: of this call, or EIO when standard output has failed before.
int pt_flush_buffers(void);

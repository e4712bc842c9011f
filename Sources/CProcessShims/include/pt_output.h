#pragma once

/// Flushes the C library's buffers; a pipe without a reader is an error and raises no signal.
///
/// Returns 0, or the errno of this call's failure, or EIO if standard output failed before.
int pt_flush_buffers(void);

/// Whether the buffer of standard output or error holds anything, or a thread is writing there.
int pt_has_unflushed_output(void);

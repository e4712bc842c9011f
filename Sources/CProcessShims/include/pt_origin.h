#pragma once

/// Notes how this process was started, before it changes anything of that for itself: which signals
/// are ignored, which are blocked, and how many files may be open.
///
/// An ignored SIGCHLD gets its default action instead: with it the kernel would throw the status of
/// every executed child away.
void pt_origin_note(void);

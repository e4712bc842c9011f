#pragma once

/// Notes the settings with which this process was started, before it changes any of them: ignored
/// signals, blocked signals, and the limit on open files.
///
/// An ignored SIGCHLD gets its default action: otherwise the kernel would discard the status of
/// every executed child.
void pt_origin_note(void);

#pragma once
#include <stdint.h>

/// Installs handlers that note the signal and wake an eventfd. Returns the eventfd, or a negated
/// errno.
int pt_signals_install(const int32_t *_Nonnull signals, int count);

/// Takes the signals noted since the last call: bit N - 1 for signal N.
uint64_t pt_signals_take(void);

/// Whether a signal is ignored.
int pt_signals_ignored(int signal);

/// Stops the process as Ctrl-Z does, SIGTSTP being taken; returns once it is continued. The kernel
/// has the last word: it ignores the signal where no shell could continue the process. Does nothing
/// if the process was continued and has not taken that signal yet.
void pt_signals_stop(void);

/// From now on a second terminating signal ends the process in the handler by that signal; `run` not
/// 0: after killing what has the run's tag.
void pt_signals_arm(uint32_t run);

/// Puts the dispositions of before `pt_signals_install` back; for a freshly cloned child.
void pt_signals_forget(void);

/// Makes `pt_signals_exit` possible; to be called before anything else registers with `atexit`.
/// Returns an errno.
int pt_signals_prepare_exit(void);

/// Ends the process by a signal, as `pt_signals_raise_default`, after all that `exit` does.
_Noreturn void pt_signals_exit(int signal);

/// Ends the process by a signal with its default action; with 128 and its number as the exit code
/// where the kernel does not allow that.
_Noreturn void pt_signals_raise_default(int signal);

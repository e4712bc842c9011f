#pragma once
#include <stdint.h>

/// Installs handlers that note the signal and wake an eventfd. Returns the eventfd, or a negated
/// errno.
int pt_signals_install(const int32_t *_Nonnull signals, int count);

/// Takes the signals noted since the last call; bit N - 1 is signal N.
uint64_t pt_signals_take(void);

/// The sender of the signal that was taken last: its pid in the upper half and its user in the lower
/// one; 0 if the kernel sent it.
uint64_t pt_signals_sender(int signal);

/// Whether a signal is ignored.
int pt_signals_ignored(int signal);

/// Stops the process as Ctrl-Z does although SIGTSTP is handled; returns once it is continued. The
/// kernel ignores the signal if no shell could continue the process. Does nothing if a SIGCONT has
/// been noted and not taken.
void pt_signals_stop(void);

/// From now on, a second terminating signal ends the process in the handler by that signal; if
/// `run` is not 0, the handler first kills all processes with the run's tag.
void pt_signals_arm(uint32_t run);

/// Restores the dispositions from before `pt_signals_install`, in a freshly cloned child.
void pt_signals_forget(void);

/// Prepares `pt_signals_exit`; call it before anything else registers with `atexit`. Returns an
/// errno.
int pt_signals_prepare_exit(void);

/// Ends the process as `pt_signals_raise_default` does, after the work of `exit`.
_Noreturn void pt_signals_exit(int signal);

/// Ends the process by a signal with its default action, or with the exit code 128 + `signal` if
/// the kernel does not allow that.
_Noreturn void pt_signals_raise_default(int signal);

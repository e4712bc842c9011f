#pragma once
#include <stdint.h>

/// Installs handlers that note the signal and wake an eventfd. Returns the eventfd, or a negated
/// errno.
int pt_signals_install(const int32_t *_Nonnull signals, int count);

/// Takes the signals noted since the last call: bit N - 1 for signal N.
uint64_t pt_signals_take(void);

/// From now on a second terminating signal ends the process in the handler; `run` not 0: after
/// killing what has the run's tag.
void pt_signals_arm(uint32_t run);

/// Puts the dispositions of before `pt_signals_install` back; for a freshly cloned child.
void pt_signals_forget(void);

/// Ends the process by a signal with its default action.
_Noreturn void pt_signals_raise_default(int signal);

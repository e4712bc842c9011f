// The settings with which a process was started, and which it passes on to programs that it
// executes.
#include "internal.h"
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { signal_count = 64 };

// All zeros until they are noted: no signal is ignored or blocked, and no limit is restored.
static uint64_t ignored_signals;
static uint64_t blocked_signals;
static uint64_t open_files;

static uint64_t bit(int signal) { return 1ull << (signal - 1); }

void pt_origin_note(void) {
  ignored_signals = 0;
  for (int signal = 1; signal <= signal_count; signal++) {
    struct sigaction action;
    if (sigaction(signal, NULL, &action) != 0) continue;
    if (action.sa_handler == SIG_IGN) ignored_signals |= bit(signal);
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &action, NULL);
  ignored_signals &= ~bit(SIGCHLD);

  syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &blocked_signals, sizeof blocked_signals);
  uint64_t limit[2];
  if (syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, limit) == 0) open_files = limit[0];
}

/// Ignores the originally ignored signals among `kept`, and resets all others to the default
/// action.
///
/// It uses the bare system call, because the C library refuses its own two signals.
static void restore_actions(uint64_t kept) {
  // The kernel's structure; all zeros is the default action.
  static const uint64_t by_default[4];
  static const uint64_t ignored[4] = {(uint64_t)(uintptr_t)SIG_IGN};
  for (int signal = 1; signal <= signal_count; signal++)
    syscall(SYS_rt_sigaction, signal, ignored_signals & kept & bit(signal) ? ignored : by_default,
            NULL, sizeof(uint64_t));
}

/// Lowers the raised soft limit on open files, because some programs count up to it.
static void restore_open_files(void) {
  uint64_t limit[2];
  if (open_files == 0 || syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, limit) != 0) return;
  limit[0] = open_files < limit[1] ? open_files : limit[1];
  syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, limit, NULL);
}

void pt_origin_restore_for_node(void) {
  restore_actions(~0ull);
  restore_open_files();
}

void pt_origin_restore_for_command(void) {
  // nohup and a shell's "&" rely on these. SIGTERM is how the tree ends a command, and SIGPIPE how
  // a command learns that its reader has gone.
  restore_actions(bit(SIGHUP) | bit(SIGINT) | bit(SIGQUIT));
  restore_open_files();
}

uint64_t pt_origin_mask(void) { return blocked_signals; }

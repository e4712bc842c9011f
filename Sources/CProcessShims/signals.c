// Notes signals in a handler and reports them through an eventfd.
#include "internal.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { most_signals = 64 };
// Two deliveries within this time are one request: timeout(1) signals the process and then its
// group, and a closed terminal sends SIGHUP twice.
static const int64_t same_wish_nanoseconds = 200 * 1000 * 1000;

static _Atomic uint64_t pending;
// The senders of the noted signals: pid << 32 | user, or 0 for the kernel.
static _Atomic uint64_t senders[most_signals + 1];
static _Atomic int wake_descriptor = -1;
static _Atomic int armed;
static _Atomic uint32_t armed_run;
static _Atomic int64_t first_request;
static _Atomic int exit_signal;
static struct sigaction earlier[most_signals + 1];
static uint64_t installed;

static int64_t monotonic_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// Ends the process if this is the second request to end.
static void consider_ending(int signal) {
  int64_t now = monotonic_nanoseconds();
  int64_t first = 0;
  if (atomic_compare_exchange_strong(&first_request, &first, now)) return;
  if (now - first < same_wish_nanoseconds || !atomic_load(&armed)) return;
  uint32_t run = atomic_load(&armed_run);
  if (run == 0) pt_signals_raise_default(signal);
  pt_sweep_kill(run);
  pt_signals_raise_default(signal);
}

static uint64_t sender(const siginfo_t *info) {
  bool is_sent = info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL;
  return is_sent && info->si_pid > 0 ? (uint64_t)(uint32_t)info->si_pid << 32 | info->si_uid : 0;
}

static void note(int signal, siginfo_t *info, void *context) {
  (void)context;
  int kept = errno;
  // The first of several that are taken together.
  if (!(atomic_load(&pending) & 1ull << (signal - 1))) atomic_store(&senders[signal], sender(info));
  // As in the kernel, SIGCONT discards an earlier stop signal.
  if (signal == SIGCONT) atomic_fetch_and(&pending, ~(1ull << (SIGTSTP - 1)));
  uint64_t before = atomic_fetch_or(&pending, 1ull << (signal - 1));
  // The first one has not been taken: the loop does not turn, and only the default action helps.
  if (signal == SIGQUIT && before & 1ull << (SIGQUIT - 1)) pt_signals_raise_default(signal);
  uint64_t one = 1;
  int descriptor = atomic_load(&wake_descriptor);
  if (descriptor >= 0) (void)!write(descriptor, &one, sizeof one);
  if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP) consider_ending(signal);
  errno = kept;
}

int pt_signals_install(const int32_t *_Nonnull signals, int count) {
  for (int i = 0; i < count; i++)
    if (signals[i] < 1 || signals[i] > most_signals) return -EINVAL;
  int descriptor = atomic_load(&wake_descriptor);
  if (descriptor < 0) {
    descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) return -errno;
    atomic_store(&wake_descriptor, descriptor);
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = note;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  for (int i = 0; i < count; i++) {
    uint64_t bit = 1ull << (signals[i] - 1);
    struct sigaction before;
    if (sigaction(signals[i], &action, &before) != 0) return -errno;
    if (!(installed & bit)) earlier[signals[i]] = before;
    installed |= bit;
  }
  // A program inherits the mask of the thread that started it, which may block these signals.
  sigset_t heard;
  sigemptyset(&heard);
  for (int i = 0; i < count; i++) sigaddset(&heard, signals[i]);
  pthread_sigmask(SIG_UNBLOCK, &heard, NULL);
  return descriptor;
}

uint64_t pt_signals_take(void) {
  uint64_t count;
  int descriptor = atomic_load(&wake_descriptor);
  if (descriptor >= 0) (void)!read(descriptor, &count, sizeof count);
  return atomic_exchange(&pending, 0);
}

uint64_t pt_signals_sender(int signal) {
  return signal >= 1 && signal <= most_signals ? atomic_load(&senders[signal]) : 0;
}

int pt_signals_ignored(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void pt_signals_stop(void) {
  if (atomic_load(&pending) & 1ull << (SIGCONT - 1)) return;
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  if (sigaction(SIGTSTP, &action, &before) != 0) return;
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGTSTP);
  sigaction(SIGTSTP, &before, NULL);
}

void pt_signals_arm(uint32_t run) {
  atomic_store(&armed_run, run);
  atomic_store(&armed, 1);
}

void pt_signals_forget(void) {
  for (int signal = 1; signal <= most_signals; signal++)
    if (installed & 1ull << (signal - 1)) sigaction(signal, &earlier[signal], NULL);
  installed = 0;
  atomic_store(&wake_descriptor, -1);
  atomic_store(&pending, 0);
  atomic_store(&armed, 0);
  atomic_store(&first_request, 0);
}

static uint64_t bit(int signal) { return 1ull << (signal - 1); }

void pt_hold_signals(struct pt_held_signals *_Nonnull hold) {
  hold->held = bit(SIGPIPE) | bit(SIGXFSZ);
  syscall(SYS_rt_sigpending, &hold->pending, sizeof hold->pending);
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &hold->held, &hold->before, sizeof hold->held);
}

void pt_release_signals(const struct pt_held_signals *_Nonnull hold) {
  int kept = errno;
  // A signal that was pending before stays pending.
  uint64_t ours = hold->held & ~hold->pending;
  uint64_t now = 0;
  struct timespec none = {0, 0};
  syscall(SYS_rt_sigpending, &now, sizeof now);
  while ((now & ours) && syscall(SYS_rt_sigtimedwait, &ours, NULL, &none, sizeof ours) > 0) {
  }
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &hold->before, NULL, sizeof hold->before);
  errno = kept;
}

static void raise_at_exit(void) {
  int signal = atomic_load(&exit_signal);
  if (signal == 0) return;
  fflush(NULL);
  pt_signals_raise_default(signal);
}

int pt_signals_prepare_exit(void) { return atexit(raise_at_exit) == 0 ? 0 : ENOMEM; }

_Noreturn void pt_signals_exit(int signal) {
  atomic_store(&exit_signal, signal);
  exit(128 + signal);
}

_Noreturn void pt_signals_raise_default(int signal) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  // raise() would use glibc's cached thread id.
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
  // The first process of a namespace ignores its own signals.
  _exit(128 + signal);
}

// The setup of a child before it runs any Swift.
#include "internal.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void pt_close_from(unsigned lowest) {
  if (syscall(SYS_close_range, lowest, ~0u, 0) == 0) return;
  struct rlimit limit = {1024, 1024};
  getrlimit(RLIMIT_NOFILE, &limit);
  unsigned end = limit.rlim_max > 1 << 20 ? 1 << 20 : (unsigned)limit.rlim_max;
  for (unsigned number = lowest; number < end; number++) close((int)number);
}

int pt_die_with_parent(int32_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno;
  // The check comes second: a parent that died before the call sends no signal.
  return getppid() == parent ? 0 : ESRCH;
}

void pt_outlive_parent(void) {
  prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  setsid();
  signal(SIGHUP, SIG_IGN);
}

int pt_become_subreaper(void) {
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno;
}

int pt_child_setup(const struct pt_request *_Nonnull request, const int *_Nonnull descriptors,
                   uint64_t mask, const char *_Nonnull name) {
  if (setsid() < 0) return errno;
  int error = pt_die_with_parent(request->parent);
  if (error == 0) error = pt_tag_set(request->tag);
  if (error != 0) return error;
  // The server's own descriptors fill 0 to 4, so the received ones are higher and none is
  // overwritten.
  for (int i = 0; i < 4; i++)
    if (dup3(descriptors[i], i, i == 3 ? O_CLOEXEC : 0) < 0) return errno;
  pt_close_from(4);
  error = pt_become_subreaper();
  if (error != 0) return error;
  // The child changes it to its own name later.
  pt_title_set(name);
  pt_signals_forget();
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
  return 0;
}

int pt_random(uint64_t *_Nonnull value) {
  for (;;) {
    long size = getrandom(value, sizeof *value, 0);
    if (size == sizeof *value) return 0;
    if (size < 0 && errno != EINTR) return errno;
  }
}

void pt_reseed(void) {
  uint64_t seed = 0;
  if (pt_random(&seed) != 0) seed = (uint64_t)getpid() * 2654435761u;
  srand((unsigned)seed);
  srand48((long)(seed >> 32));
}

int pt_pipe(int32_t *_Nonnull ends) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

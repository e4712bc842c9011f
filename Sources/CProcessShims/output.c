// Flushes the C library's buffers at the end of a process.
#include "internal.h"
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <time.h>

/// Whether a stream's buffer holds anything, or another thread is about to write to it.
static int is_in_use(FILE *_Nonnull stream) {
  if (ftrylockfile(stream) != 0) return 1;
  int holds = __fpending(stream) > 0;
  funlockfile(stream);
  return holds;
}

int pt_has_unflushed_output(void) { return is_in_use(stdout) || is_in_use(stderr); }

int pt_flush_buffers(void) {
  sigset_t broken, before, pending;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &broken, &before);
  errno = 0;
  int failure = fflush(NULL) == 0 ? 0 : errno == 0 ? EIO : errno;
  // Discard this call's own signal, but not one that was pending before.
  if (failure == EPIPE && !sigismember(&pending, SIGPIPE)) {
    struct timespec none = {0, 0};
    sigtimedwait(&broken, NULL, &none);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failure == 0 && ferror(stdout) ? EIO : failure;
}

// Flushes the C library's buffers at the end of a process.
#include "internal.h"
#include <signal.h>
#include <stdio.h>
#include <time.h>

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

// Clones the process together with its memory, to execute a program.
#include "internal.h"
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { stack_size = 64 * 1024 };

#if __has_feature(thread_sanitizer)
// ThreadSanitizer takes each `clone` for a fork: it takes its own locks before, and gives them free in the child and
// in the parent, which is twice where both have one memory. It does not know this name.
extern int __clone(int (*_Nonnull body)(void *_Nonnull), void *_Nonnull stack, int flags,
                   void *_Nullable argument, ...);
#define clone __clone
#endif

int32_t pt_clone_sharing(int (*_Nonnull body)(void *_Nonnull), void *_Nonnull argument,
                         int *_Nonnull pidfd) {
  void *stack =
      mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) return -errno;
  uint64_t all = ~(uint64_t)0, mask;
  // No handler may run in the child while the memory is shared.
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof all);
  int32_t pid = clone(body, (char *)stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
                      argument, pidfd);
  if (pid < 0) pid = -errno;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
  munmap(stack, stack_size);
  return pid;
}

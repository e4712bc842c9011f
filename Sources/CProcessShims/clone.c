// Clones the process of the calling thread by the bare system call.
#include "internal.h"
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Calls clone3, or clone in a sandbox that refuses clone3 because it cannot inspect the flags.
static long clone_call(struct clone_args *_Nonnull arguments) {
  long result = syscall(SYS_clone3, arguments, sizeof *arguments);
  if (result >= 0 || (errno != ENOSYS && errno != EPERM)) return result;
#if defined(__x86_64__)
  return syscall(SYS_clone, arguments->flags, 0, arguments->pidfd, arguments->child_tid, 0);
#else
  return syscall(SYS_clone, arguments->flags, 0, arguments->pidfd, 0, arguments->child_tid);
#endif
}

int32_t pt_clone(uint64_t flags, int *_Nonnull pidfd) {
  // Read these before the clone, because the child's own registration is empty.
  void *thread_id_address = NULL;
  if (prctl(PR_GET_TID_ADDRESS, &thread_id_address) != 0) thread_id_address = NULL;
  void *robust_list = NULL;
  size_t robust_size = 0;
  if (syscall(SYS_get_robust_list, 0, &robust_list, &robust_size) != 0) robust_list = NULL;

  struct clone_args arguments;
  __builtin_memset(&arguments, 0, sizeof arguments);
  arguments.flags = flags | CLONE_PIDFD;
  arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
  if (thread_id_address) {
    // Otherwise glibc's cached thread id and the owner field of mutexes would be the parent's.
    arguments.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    arguments.child_tid = (uint64_t)(uintptr_t)thread_id_address;
  }
  long pid = clone_call(&arguments);
  if (pid < 0) return -errno;
  if (pid == 0 && robust_list) syscall(SYS_set_robust_list, robust_list, robust_size);
  return (int32_t)pid;
}

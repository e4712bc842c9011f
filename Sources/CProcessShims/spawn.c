// Re-executes the process's own binary.
#include "internal.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { lowest_safe_number = 4 };

/// The child's input; it shares the parent's memory until the exec.
struct plan {
  char *_Nullable const *_Nonnull arguments;
  char *_Nullable const *_Nonnull environment;
  int descriptors[4];
  volatile int error;
};

/// Executes the program in the child, while the parent sleeps.
PT_UNSEEN static int become(void *_Nonnull argument) {
  struct plan *plan = argument;
  // The table of handlers is the child's own, although the memory is shared.
  pt_origin_restore_for_node();
  if (setsid() < 0) goto failed;
  // The parent made the copies at `lowest_safe_number` or above, so none is overwritten.
  for (int i = 0; i < 4; i++)
    if (syscall(SYS_dup3, plan->descriptors[i], i, 0) < 0) goto failed;
  pt_close_from(4);
  uint64_t mask = pt_origin_mask();
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
  execve("/proc/self/exe", plan->arguments, plan->environment);
failed:
  plan->error = errno;
  syscall(SYS_exit_group, PT_SETUP_FAILED);
  __builtin_unreachable();
}

int pt_spawn(char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
             const int32_t *_Nonnull descriptors, int32_t *_Nonnull pid, int32_t *_Nonnull pidfd) {
  struct plan plan = {.arguments = arguments, .environment = environment, .error = 0};
  int error = 0;
  int copies = 0;
  for (; copies < 4; copies++) {
    plan.descriptors[copies] = fcntl(descriptors[copies], F_DUPFD_CLOEXEC, lowest_safe_number);
    if (plan.descriptors[copies] < 0) {
      error = errno;
      break;
    }
  }
  if (error == 0) {
    *pid = pt_clone_sharing(become, &plan, pidfd);
    if (*pid < 0) error = -*pid;
  }
  if (error == 0 && plan.error != 0) {
    error = plan.error;
    pt_kill_and_reap(*pid);
    close(*pidfd);
  }
  for (int i = 0; i < copies; i++) close(plan.descriptors[i]);
  return error;
}

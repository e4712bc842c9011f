// Re-executes the process's own binary.
#include "internal.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { stack_size = 64 * 1024, lowest_safe_number = 4 };

/// The child's input; it shares the parent's memory until the exec.
struct plan {
  char *_Nullable const *_Nonnull arguments;
  char *_Nullable const *_Nonnull environment;
  int descriptors[4];
  volatile int error;
};

/// Executes the program in the child, while the parent sleeps.
static int become(void *_Nonnull argument) {
  struct plan *plan = argument;
  // The table of handlers is the child's own, although the memory is shared.
  pt_origin_restore_for_node();
  if (setsid() < 0) goto failed;
  // The parent made the copies at `lowest_safe_number` or above, so none is overwritten.
  for (int i = 0; i < 4; i++)
    if (dup2(plan->descriptors[i], i) < 0) goto failed;
  pt_close_from(4);
  uint64_t mask = pt_origin_mask();
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
  execve("/proc/self/exe", plan->arguments, plan->environment);
failed:
  plan->error = errno;
  _exit(PT_SETUP_FAILED);
}

int pt_spawn(char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
             const int32_t *_Nonnull descriptors, int32_t *_Nonnull pid, int32_t *_Nonnull pidfd) {
  struct plan plan = {.arguments = arguments, .environment = environment, .error = 0};
  int error = 0;
  int copies = 0;
  void *stack = MAP_FAILED;
  uint64_t all = ~(uint64_t)0, mask;
  for (; copies < 4; copies++) {
    plan.descriptors[copies] = fcntl(descriptors[copies], F_DUPFD_CLOEXEC, lowest_safe_number);
    if (plan.descriptors[copies] < 0) goto failed;
  }
  stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) goto failed;

  // No handler may run in the child while the memory is shared.
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof all);
  // With shared memory and a sleeping parent, the cost does not depend on the parent's size.
  *pid = clone(become, (char *)stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_PIDFD, &plan,
               pidfd);
  if (*pid < 0) error = errno;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
  if (error == 0 && plan.error != 0) {
    error = plan.error;
    pt_kill_and_reap(*pid);
    close(*pidfd);
  }
  goto clean;
failed:
  error = errno;
clean:
  if (stack != MAP_FAILED) munmap(stack, stack_size);
  for (int i = 0; i < copies; i++) close(plan.descriptors[i]);
  return error;
}

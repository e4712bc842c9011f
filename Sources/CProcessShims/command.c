// Executes other programs.
#include "internal.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { lowest_safe_number = 3 };

/// The child's input and, if it fails, its output; it shares the parent's memory until the exec.
struct plan {
  const struct pt_command *_Nonnull command;
  int descriptors[3];
  int32_t parent;
  volatile int error;
  volatile int step;
};

/// Whether this process may signal processes of any user, as a supervisor must.
static int may_signal_all(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_capget, &header, sets) != 0) return 0;
  return (sets[CAP_TO_INDEX(CAP_KILL)].effective & CAP_TO_MASK(CAP_KILL)) != 0;
}

/// Gives up all capabilities. Returns an errno.
static int drop_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
  if (syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
  return syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

/// Changes the child's user and groups. Returns an errno.
///
/// It uses the bare system calls, because the C library's signal all threads that it knows to
/// change too, and in shared memory these are the parent's.
static int change_credentials(struct plan *_Nonnull plan) {
  const struct pt_command_credentials *new = plan->command->credentials;
  if (!new) return 0;
  // Otherwise no process could end the child, and neither could the kernel at the parent's death.
  plan->step = PT_COMMAND_USER;
  if (new->user != getuid() && !may_signal_all()) return EPERM;
  // The user comes last, because it gives the right to change the groups. Real, effective and saved
  // ids all change, so there is no way back.
  plan->step = PT_COMMAND_SUPPLEMENTARY_GROUPS;
  if (syscall(SYS_setgroups, (long)new->supplementary_group_count, new->supplementary_groups) != 0)
    return errno;
  plan->step = PT_COMMAND_GROUP;
  if (syscall(SYS_setresgid, new->group, new->group, new->group) != 0) return errno;
  plan->step = PT_COMMAND_USER;
  if (syscall(SYS_setresuid, new->user, new->user, new->user) != 0) return errno;
  // The kernel takes capabilities from a process that was root, but not from one that had them
  // otherwise.
  return new->user == 0 ? 0 : drop_capabilities();
}

/// Gives up everything of the parent's that the command must not have. Returns an errno.
static int settle(struct plan *_Nonnull plan) {
  const struct pt_command *command = plan->command;
  // The table of handlers is the child's own, although the memory is shared.
  pt_origin_restore_for_command();

  plan->step = PT_COMMAND_SESSION;
  if (setsid() < 0) return errno;
  int error = command->outlives_parent ? 0 : pt_die_with_parent(plan->parent);
  if (error != 0) return error;

  plan->step = PT_COMMAND_DESCRIPTORS;
  for (int i = 0; i < 3; i++)
    if (syscall(SYS_dup3, plan->descriptors[i], i, 0) < 0) return errno;
  pt_close_from(3);

  plan->step = PT_COMMAND_DIRECTORY;
  if (command->umask >= 0) umask((mode_t)command->umask);
  if (command->directory && chdir(command->directory) != 0) return errno;

  plan->step = PT_COMMAND_TAG;
  error = pt_tag_set(command->tag);
  if (error != 0) return error;

  plan->step = PT_COMMAND_LIMITS;
  for (int i = 0; i < command->limit_count; i++) {
    uint64_t limit[2] = {command->limits[i].soft, command->limits[i].hard};
    if (syscall(SYS_prlimit64, 0, command->limits[i].resource, limit, NULL) != 0) return errno;
  }

  // This comes after all steps that need the parent's rights, and close to the exec: from here on
  // the other user may stop the child, for which the parent waits.
  error = change_credentials(plan);
  if (error != 0 || !command->credentials) return error;
  // A change of credentials resets the signal for the parent's death.
  plan->step = PT_COMMAND_PARENT;
  return command->outlives_parent ? 0 : pt_die_with_parent(plan->parent);
}

/// Executes the command in the child, while the parent's thread sleeps.
PT_UNSEEN static int become(void *_Nonnull argument) {
  struct plan *plan = argument;
  int error = settle(plan);
  if (error == 0) {
    plan->step = PT_COMMAND_EXECUTE;
    uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    execve(plan->command->path, plan->command->arguments, plan->command->environment);
    error = errno;
  }
  plan->error = error;
  syscall(SYS_exit_group, PT_SETUP_FAILED);
  __builtin_unreachable();
}

/// Executes the command in a clone that shares the memory, so a failed exec is known on return.
static int clone_and_exec(struct plan *_Nonnull plan, struct pt_command_start *_Nonnull out) {
  int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  out->pid = pt_clone_sharing(become, plan, &out->pidfd);
  int error = out->pid < 0 ? -out->pid : 0;
  // A change of credentials protects the shared memory from the new user's debuggers. Restore the
  // parent's setting, including core dumps.
  if (plan->command->credentials && dumpable == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (error != 0 || plan->error == 0) return error;
  pt_kill_and_reap(out->pid);
  close(out->pidfd);
  return plan->error;
}

int pt_command_start(const struct pt_command *_Nonnull command,
                     struct pt_command_start *_Nonnull out) {
  struct plan plan = {.command = command, .parent = getpid(), .step = PT_COMMAND_CLONE};
  int error = 0;
  int copies = 0;
  // The copies are above their targets, so none overwrites another.
  for (; copies < 3 && error == 0; copies++) {
    plan.descriptors[copies] =
        fcntl(command->descriptors[copies], F_DUPFD_CLOEXEC, lowest_safe_number);
    if (plan.descriptors[copies] < 0) {
      error = errno;
      break;
    }
  }
  if (error == 0) error = clone_and_exec(&plan, out);
  for (int i = 0; i < copies; i++) close(plan.descriptors[i]);
  out->step = plan.step;
  return error;
}

int pt_command_signal_group(int32_t pid, int pidfd, int signal) {
  // Until it is reaped, the leader keeps its number and thereby the group's.
  int error = pt_pidfd_signal(pidfd, 0);
  if (error != 0 && error != EPERM) return error;
  return kill(-pid, signal) == 0 ? 0 : errno;
}

long pt_write_quietly(int descriptor, const void *_Nonnull bytes, size_t count) {
  struct pt_held_signals hold;
  pt_hold_signals(&hold);
  long result;
  do result = write(descriptor, bytes, count);
  while (result < 0 && errno == EINTR);
  if (result < 0) result = -errno;
  pt_release_signals(&hold);
  return result;
}

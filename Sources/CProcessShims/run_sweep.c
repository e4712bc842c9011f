// Kills all processes that carry a run's tag, then those of its control group.
#include "internal.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// A pass takes about 1 us per process of the host.
enum { longest_sweep_seconds = 10, pause_nanoseconds = 1000000 };

/// Whether the process belongs to the run and is within reach.
static int belongs(int32_t pid, uint32_t run, enum pt_sweep_reach reach) {
  uint64_t tag;
  if (pt_tag_get(pid, &tag) != 0 || tag >> 32 != run) return 0;
  int is_helper = (uint32_t)tag == PT_HELPER_NODE;
  return reach == PT_SWEEP_ALL || is_helper == (reach == PT_SWEEP_HELPERS);
}

/// Signals the process if it belongs to the run and is alive.
static int strike(int32_t pid, uint32_t run, int signal, enum pt_sweep_reach reach) {
  if (!belongs(pid, run, reach)) return 0;
  int pidfd = pt_pidfd_open(pid);
  if (pidfd < 0) return 0;
  // The number may have passed to another process before the pidfd was open, so check again.
  int hit = belongs(pid, run, reach) && !pt_pidfd_ended(pidfd, 0) &&
            pt_pidfd_signal(pidfd, signal) == 0;
  close(pidfd);
  return hit;
}

static int contains(const int32_t *_Nullable list, int count, int32_t value) {
  for (int i = 0; i < count; i++)
    if (list[i] == value) return 1;
  return 0;
}

int pt_sweep_pass(uint32_t run, int signal, enum pt_sweep_reach reach,
                  const int32_t *_Nullable except, int except_count, int32_t *_Nullable hits,
                  int capacity) {
  // These are the high halves of plain limits: zero, and "unlimited".
  if (run == 0 || run >> 31 != 0) return 0;
  int directory = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -errno;
  int32_t self = getpid();
  int count = 0;
  _Alignas(8) char buffer[8192];
  long size;
  while ((size = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < size;) {
      const struct pt_entry *entry = (const struct pt_entry *)(buffer + at);
      at += entry->length;
      if (entry->name[0] < '1' || entry->name[0] > '9') continue;
      const char *digits = entry->name;
      int32_t pid = (int32_t)pt_next_number(&digits);
      if (pid == self || contains(except, except_count, pid) ||
          !strike(pid, run, signal, reach))
        continue;
      if (count < capacity) hits[count] = pid;
      count++;
    }
  }
  close(directory);
  return count;
}

/// Whether this process has a child; one that the library cloned, of exit signal 0, only with __WALL.
static int may_have_child(int which) {
  siginfo_t info;
  int options = WEXITED | WNOHANG | WNOWAIT | which;
  return syscall(SYS_waitid, P_ALL, 0, &info, options, NULL) == 0 || errno != ECHILD;
}

int pt_may_have_descendants(void) {
  int adopts = 0;
  if (prctl(PR_GET_CHILD_SUBREAPER, &adopts, 0, 0, 0) != 0 || !adopts) return 1;
  return may_have_child(__WALL);
}

int pt_may_have_adopted(void) { return may_have_child(0); }

int pt_sweep_kill(uint32_t run) {
  struct timespec start, now, pause = {0, pause_nanoseconds};
  clock_gettime(CLOCK_MONOTONIC, &start);
  // It takes two empty passes, because one can miss a process that forks and ends meanwhile.
  int empty = 0;
  for (;;) {
    int hits = pt_sweep_pass(run, SIGKILL, PT_SWEEP_NODES, NULL, 0, NULL, 0);
    if (hits < 0) break;
    empty = hits == 0 ? empty + 1 : 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (empty == 2 || now.tv_sec - start.tv_sec > longest_sweep_seconds) break;
    if (empty == 0) nanosleep(&pause, NULL);
  }
  // Helpers are not killed: two that kill each other would leave a third. A helper that continues
  // sees for itself that the root has ended.
  pt_sweep_pass(run, SIGCONT, PT_SWEEP_HELPERS, NULL, 0, NULL, 0);
  return pt_group_end_kept();
}

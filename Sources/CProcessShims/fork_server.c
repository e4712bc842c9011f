// The fork server: a process that never starts a thread and clones children for its node.
#include "internal.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// The server's descriptors; 0 to 2 are the null device.
enum { socket_number = 3, root_number = 4, first_free_number = 5 };
// How long a root may outlive a node that is killed together with it.
enum { grace_milliseconds = 200 };
// How often a server looks at its deadline, and how long after it the root may end the run itself.
enum { deadline_milliseconds = 250, deadline_grace_seconds = 1 };

/// The state of a server.
struct server {
  struct pt_run run;
  const char *_Nonnull directory;
  uint64_t mask;
  char node_name[16];
  /// In a child: whether it is to have a server of its own.
  int has_server;
};

static uint64_t helper_tag(const struct server *_Nonnull server) {
  return (uint64_t)server->run.run << 32 | PT_HELPER_NODE;
}

/// Ends what a dead root has left.
static void sweep(const struct server *_Nonnull server) {
  pt_group_keep(server->directory);
  // The next run looks for the control group where it finds the directory.
  if (pt_sweep_kill(server->run.run) == 0 && server->directory[0])
    pt_remove_run_directory(server->directory);
}

/// Ends the server; if the root has ended, first kills the rest of the run.
static _Noreturn void leave(const struct server *_Nonnull server, int patience) {
  if (pt_pidfd_ended(root_number, patience)) sweep(server);
  _exit(0);
}

/// Gives up all inherited resources except the socket, and finds the root.
static void settle(const struct server *_Nonnull server, int socket) {
  setsid();
  // ps shows the server's node in brackets.
  char title[64] = "ptree-forksrv [";
  strcat(strcat(title, server->node_name), "]");
  pt_title_set(title);
  prctl(PR_SET_NAME, "ptree-forksrv", 0, 0, 0);
  if (pt_tag_set(helper_tag(server)) != 0) _exit(PT_SETUP_FAILED);
  // A node may be started with some of 0 to 4 closed, so move the socket above them first.
  int high = fcntl(socket, F_DUPFD_CLOEXEC, first_free_number);
  if (high < 0) _exit(PT_SETUP_FAILED);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  // Without a null device, any descriptor that is harmless to read and write will do.
  int filler = fcntl(null < 0 ? high : null, F_DUPFD_CLOEXEC, first_free_number);
  if (filler < 0) _exit(PT_SETUP_FAILED);
  for (int i = 0; i < socket_number; i++) dup2(filler, i);
  if (dup3(high, socket_number, O_CLOEXEC) < 0) _exit(PT_SETUP_FAILED);

  int root = pt_pidfd_open(server->run.root_pid);
  struct pt_stat stat;
  int gone = root == -ESRCH || (root >= 0 && pt_stat(server->run.root_pid, &stat) == 0 &&
                                stat.start_time != server->run.root_start_time);
  if (!gone && root < 0) _exit(PT_SETUP_FAILED);
  if (!gone && root != root_number) {
    if (dup3(root, root_number, O_CLOEXEC) < 0) _exit(PT_SETUP_FAILED);
  }
  pt_close_from(first_free_number);
  if (!gone) return;
  sweep(server);
  _exit(0);
}

/// Clones one child and replies. Returns 1 in the child, 0 in the server.
static int serve(struct server *_Nonnull server, const struct pt_request *_Nonnull request,
                 const int *_Nonnull descriptors) {
  struct pt_reply reply = {.id = request->id, .pid = 0, .error = 0};
  int pidfd = -1;
  if (server->run.prepare) server->run.prepare(request->has_links, request->program);
  int32_t pid = pt_clone(CLONE_PARENT, &pidfd);
  if (pid == 0) {
    const char *name = request->has_server ? request->name : server->node_name;
    if (pt_child_setup(request, descriptors, server->mask, name) != 0) _exit(PT_SETUP_FAILED);
    server->has_server = request->has_server;
    return 1;
  }
  for (int i = 0; i < 4; i++) close(descriptors[i]);
  if (pid > 0) reply.pid = pid;
  else reply.error = -pid;
  int error = pt_send(socket_number, &reply, sizeof reply, &pidfd, pid > 0 ? 1 : 0, 0);
  // Too many descriptors are in flight, so the node opens a pidfd itself.
  if (error == ETOOMANYREFS) error = pt_send(socket_number, &reply, sizeof reply, NULL, 0, 0);
  if (pidfd >= 0) close(pidfd);
  if (error != 0) leave(server, grace_milliseconds);
  return 0;
}

/// Handles one request. Returns 1 in a child, 0 in the server.
static int handle(struct server *_Nonnull server) {
  struct pt_request request;
  int descriptors[4];
  int count;
  long size =
      pt_receive(socket_number, &request, sizeof request, descriptors, &count, MSG_DONTWAIT);
  if (size == -EAGAIN) return 0;
  if (size <= 0) leave(server, grace_milliseconds);
  request.name[sizeof request.name - 1] = '\0';
  request.program[sizeof request.program - 1] = '\0';
  if (size == sizeof request && count == 4) return serve(server, &request, descriptors);

  for (int i = 0; i < count; i++) close(descriptors[i]);
  struct pt_reply reply = {.id = size == sizeof request ? request.id : 0, .pid = 0};
  reply.error = count < 0 ? EMFILE : EBADMSG;
  if (pt_send(socket_number, &reply, sizeof reply, NULL, 0, 0) != 0)
    leave(server, grace_milliseconds);
  return 0;
}

/// Whether the time is over by which the root, which may be stopped, would have ended the run.
static int is_overdue(const struct server *_Nonnull server) {
  uint64_t deadline = server->run.deadline ? *server->run.deadline : 0;
  if (deadline == 0) return 0;
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  uint64_t seconds = (uint64_t)now.tv_sec - deadline_grace_seconds;
  return seconds * 1000000000u + (uint64_t)now.tv_nsec > deadline;
}

/// Serves until the end. Returns only in children.
static void loop(struct server *_Nonnull server) {
  for (;;) {
    struct pollfd polls[2] = {{socket_number, POLLIN, 0}, {root_number, POLLIN, 0}};
    int patience = server->run.deadline ? deadline_milliseconds : -1;
    if (poll(polls, 2, patience) < 0 && errno != EINTR) leave(server, 0);
    if (is_overdue(server)) {
      sweep(server);
      _exit(0);
    }
    if (polls[1].revents) leave(server, 0);
    if (polls[0].revents && handle(server)) return;
  }
}

/// Clones the server from this process. Returns 0 in the caller, 1 in the server's children, or a negated errno.
static int begin(struct server *_Nonnull server, struct pt_fork_server *_Nonnull out) {
  pt_group_keep(server->directory);
  prctl(PR_GET_NAME, server->node_name, 0, 0, 0);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
  // Signals are blocked from the server's first instruction, because it begins in the terminal's
  // foreground group.
  uint64_t all = ~(uint64_t)0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &server->mask, sizeof all);
  pt_clone_prepare();
  if (server->run.is_for_many) pt_data_to_file();
  int pidfd = -1;
  int32_t pid = pt_clone(0, &pidfd);
  if (pid == 0) {
    settle(server, ends[1]);
    if (server->run.is_for_many) pt_heap_fill();
    loop(server);
    return 1;
  }
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &server->mask, NULL, sizeof all);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return pid;
  }
  // It does so itself too; but its node may end before it has run, and would then seem to have left behind
  // a process of its own.
  pt_tag_give(pid, helper_tag(server));
  *out = (struct pt_fork_server){.socket = ends[0], .pid = pid, .pidfd = pidfd};
  return 0;
}

int pt_fork_server_start(const struct pt_run *_Nonnull run, const char *_Nonnull directory,
                         struct pt_fork_server *_Nonnull out) {
  // It is static, so the server needs no memory of the caller.
  static char kept_directory[4096];
  size_t length = strlen(directory);
  if (length >= sizeof kept_directory) return -ENAMETOOLONG;
  memcpy(kept_directory, directory, length + 1);

  struct server server = {.run = *run, .directory = kept_directory};
  int result = begin(&server, out);
  // A child makes its server before it writes to any page: each page that it had copied before would be
  // copied again afterwards, and the server would keep the first copy.
  while (result == 1 && server.has_server) {
    // Only the first server of a run ends it at a time.
    server.run.deadline = NULL;
    server.run.is_for_many = 0;
    server.has_server = 0;
    result = begin(&server, out);
    if (result == 0) return 2;
    // The child tries again, and reports the reason.
    if (result < 0) return 1;
  }
  return result;
}

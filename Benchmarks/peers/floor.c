// What the same workloads cost in plain C over libzmq: the practical limit of the mechanism.
// floor start|rate|tree|roundtrip|memory|death; prints `name value unit` lines.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define CHECK(call) do { if ((call) < 0) { perror(#call); _exit(3); } } while (0)

static char directory[] = "/tmp/ptree-bench-XXXXXX";
static int endpoints;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return (d > 0) - (d < 0);
}

static double median(double *values, int count) {
  qsort(values, count, sizeof *values, ascending);
  return values[count / 2];
}

static void name_endpoint(char *endpoint) {
  sprintf(endpoint, "ipc://%s/%d-%d", directory, (int)getpid(), endpoints++);
}

static void *open_socket(void *context, int type) {
  void *socket = zmq_socket(context, type);
  int interval = 1;
  zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &interval, sizeof interval);
  return socket;
}

static void run_child(const char *endpoint) {
  void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_PAIR);
  int result = 42;
  CHECK(zmq_connect(socket, endpoint));
  CHECK(zmq_send(socket, "R", 1, 0));
  CHECK(zmq_send(socket, &result, sizeof result, 0));
  zmq_close(socket);
  zmq_ctx_term(context);
  _exit(0);
}

static pid_t fork_child(void *context, void **socket) {
  char endpoint[128];
  name_endpoint(endpoint);
  *socket = open_socket(context, ZMQ_PAIR);
  CHECK(zmq_bind(*socket, endpoint));
  pid_t pid = fork();
  if (pid == 0) run_child(endpoint);
  CHECK(pid);
  return pid;
}

static void finish_child(void *socket, pid_t pid) {
  char ready;
  int result, status;
  CHECK(zmq_recv(socket, &ready, 1, 0));
  CHECK(zmq_recv(socket, &result, sizeof result, 0));
  zmq_close(socket);
  waitpid(pid, &status, 0);
  if (result != 42 || status) _exit(4);
}

static void measure_start(void) {
  void *context = zmq_ctx_new(), *socket;
  double times[100];
  for (int i = 0; i < 100; i++) {
    double start = now();
    pid_t pid = fork_child(context, &socket);
    finish_child(socket, pid);
    times[i] = now() - start;
  }
  printf("start %f us\n", median(times, 100));
}

static void measure_rate(void) {
  enum { total = 200, limit = 8 };
  void *context = zmq_ctx_new(), *sockets[limit];
  pid_t pids[limit];
  int alive = 0, started = 0, done = 0;
  double start = now();
  while (done < total) {
    for (; alive < limit && started < total; alive++, started++)
      pids[alive] = fork_child(context, &sockets[alive]);
    zmq_pollitem_t items[limit];
    for (int i = 0; i < alive; i++) items[i] = (zmq_pollitem_t){sockets[i], 0, ZMQ_POLLIN, 0};
    CHECK(zmq_poll(items, alive, -1));
    for (int i = alive - 1; i >= 0; i--) {
      if (!items[i].revents) continue;
      finish_child(sockets[i], pids[i]);
      alive--;
      done++;
      sockets[i] = sockets[alive];
      pids[i] = pids[alive];
    }
  }
  printf("rate %f children/s\n", total / (now() - start) * 1e6);
}

// Children are forked before the node has a context, because a context does not survive a fork.
static int sum_tree(int depth, int fan_out, const char *parent) {
  char names[16][128], byte;
  pid_t pids[16];
  void *sockets[16], *up = NULL;
  int sum = depth == 0;
  for (int i = 0; depth > 0 && i < fan_out; i++) {
    name_endpoint(names[i]);
    pids[i] = fork();
    if (pids[i] == 0) {
      endpoints = 0;
      char mine[128];
      strcpy(mine, names[i]);
      sum_tree(depth - 1, fan_out, mine);
      _exit(0);
    }
  }
  void *context = zmq_ctx_new();
  for (int i = 0; depth > 0 && i < fan_out; i++) {
    sockets[i] = open_socket(context, ZMQ_PAIR);
    CHECK(zmq_bind(sockets[i], names[i]));
  }
  if (parent) {
    up = open_socket(context, ZMQ_PAIR);
    CHECK(zmq_connect(up, parent));
  }
  for (int i = 0; depth > 0 && i < fan_out; i++) {
    int value;
    CHECK(zmq_recv(sockets[i], &byte, 1, 0));
    CHECK(zmq_recv(sockets[i], &value, sizeof value, 0));
    sum += value;
  }
  if (up) {
    CHECK(zmq_send(up, "U", 1, 0));
    CHECK(zmq_send(up, &sum, sizeof sum, 0));
    zmq_close(up);
  }
  for (int i = 0; depth > 0 && i < fan_out; i++) {
    zmq_close(sockets[i]);
    waitpid(pids[i], NULL, 0);
  }
  zmq_ctx_term(context);
  return sum;
}

static void measure_tree(void) {
  double start = now();
  if (sum_tree(3, 4, NULL) != 64) _exit(4);
  printf("tree %f ms\n", (now() - start) / 1e3);
}

static void measure_roundtrip(void) {
  enum { warm = 1000, count = 10000, size = 64 };
  char endpoint[128], identity[64], buffer[size] = {0};
  name_endpoint(endpoint);
  pid_t pid = fork();
  if (pid == 0) {
    void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_DEALER);
    CHECK(zmq_connect(socket, endpoint));
    CHECK(zmq_send(socket, "R", 1, 0));
    for (int i = 0; i < warm + count; i++) {
      CHECK(zmq_recv(socket, buffer, size, 0));
      CHECK(zmq_send(socket, buffer, size, 0));
    }
    zmq_close(socket);
    zmq_ctx_term(context);
    _exit(0);
  }
  void *context = zmq_ctx_new(), *socket = open_socket(context, ZMQ_ROUTER);
  CHECK(zmq_bind(socket, endpoint));
  int length = zmq_recv(socket, identity, sizeof identity, 0);
  CHECK(zmq_recv(socket, buffer, size, 0));
  double start = 0;
  for (int i = 0; i < warm + count; i++) {
    if (i == warm) start = now();
    CHECK(zmq_send(socket, identity, length, ZMQ_SNDMORE));
    CHECK(zmq_send(socket, buffer, size, 0));
    CHECK(zmq_recv(socket, identity, sizeof identity, 0));
    CHECK(zmq_recv(socket, buffer, size, 0));
  }
  printf("roundtrip %f us\n", (now() - start) / count);
  waitpid(pid, NULL, 0);
}

static double proportional_size(pid_t pid) {
  char path[64], line[256];
  double size = 0;
  sprintf(path, "/proc/%d/smaps_rollup", (int)pid);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, "Pss:", 4)) size = atof(line + 4);
  if (file) fclose(file);
  return size;
}

static void measure_memory(void) {
  enum { count = 10 };
  pid_t pids[count];
  double sizes[count];
  char endpoint[128], byte;
  void *context = NULL, *sockets[count];
  char names[count][128];
  for (int i = 0; i < count; i++) {
    name_endpoint(endpoint);
    strcpy(names[i], endpoint);
    pids[i] = fork();
    if (pids[i] == 0) {
      void *own = zmq_ctx_new(), *socket = open_socket(own, ZMQ_PAIR);
      CHECK(zmq_connect(socket, endpoint));
      CHECK(zmq_send(socket, "R", 1, 0));
      pause();
    }
  }
  context = zmq_ctx_new();
  for (int i = 0; i < count; i++) {
    sockets[i] = open_socket(context, ZMQ_PAIR);
    CHECK(zmq_bind(sockets[i], names[i]));
    CHECK(zmq_recv(sockets[i], &byte, 1, 0));
  }
  for (int i = 0; i < count; i++) sizes[i] = proportional_size(pids[i]);
  for (int i = 0; i < count; i++) {
    kill(pids[i], SIGKILL);
    waitpid(pids[i], NULL, 0);
  }
  printf("memory %f KiB\n", median(sizes, count));
}

// A child that has done nothing ends faster than one with the threads and sockets of libzmq.
static double time_of_death(int with_sockets) {
  double times[50];
  char endpoint[128], byte;
  void *context = NULL, *socket = NULL;
  for (int i = 0; i < 50; i++) {
    name_endpoint(endpoint);
    pid_t pid = fork();
    if (pid == 0) {
      if (with_sockets) {
        void *own = zmq_ctx_new(), *up = open_socket(own, ZMQ_PAIR);
        CHECK(zmq_connect(up, endpoint));
        CHECK(zmq_send(up, "R", 1, 0));
      }
      pause();
      _exit(0);
    }
    int pidfd = syscall(SYS_pidfd_open, pid, 0);
    if (with_sockets) {
      context = zmq_ctx_new();
      socket = open_socket(context, ZMQ_PAIR);
      CHECK(zmq_bind(socket, endpoint));
      CHECK(zmq_recv(socket, &byte, 1, 0));
    }
    struct pollfd item = {pidfd, POLLIN, 0};
    usleep(2000);
    double start = now();
    kill(pid, SIGKILL);
    poll(&item, 1, -1);
    times[i] = now() - start;
    waitpid(pid, NULL, 0);
    close(pidfd);
    if (with_sockets) {
      zmq_close(socket);
      zmq_ctx_term(context);
    }
  }
  return median(times, 50);
}

static void measure_death(void) {
  printf("death %f us\n", time_of_death(0));
  printf("death-with-sockets %f us\n", time_of_death(1));
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (!mkdtemp(directory)) return 3;
  if (!strcmp(what, "start")) measure_start();
  else if (!strcmp(what, "rate")) measure_rate();
  else if (!strcmp(what, "tree")) measure_tree();
  else if (!strcmp(what, "roundtrip")) measure_roundtrip();
  else if (!strcmp(what, "memory")) measure_memory();
  else if (!strcmp(what, "death")) measure_death();
  else return 2;
  fflush(stdout);
  char command[128];
  sprintf(command, "rm -rf %s", directory);
  return system(command) != 0;
}

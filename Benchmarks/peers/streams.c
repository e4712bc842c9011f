// Items of one size from one process to another over PUSH and PULL of plain libzmq: the practical
// limit of the same mechanism without a library above it.
//
//     streams SIZE COUNT NAME
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void receive_all(const char *endpoint, long count, int ready) {
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_PULL);
  if (zmq_connect(socket, endpoint) != 0) _exit(1);
  zmq_msg_t message;
  zmq_msg_init(&message);
  unsigned sum = 0;
  for (long index = 0; index < count; index++) {
    if (zmq_msg_recv(&message, socket, 0) < 0) _exit(1);
    if (index == 0 && write(ready, "", 1) != 1) _exit(1);
    const unsigned char *bytes = zmq_msg_data(&message);
    for (size_t offset = 0; offset < zmq_msg_size(&message); offset += 64) sum += bytes[offset];
  }
  _exit(sum == 1 ? 1 : 0);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  size_t size = strtoul(argv[1], NULL, 10);
  long count = strtol(argv[2], NULL, 10);
  char directory[] = "/tmp/ptree-streams-XXXXXX";
  if (!mkdtemp(directory)) return 1;
  char path[64], endpoint[80];
  snprintf(path, sizeof path, "%s/s", directory);
  snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
  int ready[2];
  if (pipe(ready) != 0) return 1;
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    receive_all(endpoint, count, ready[1]);
  }
  void *context = zmq_ctx_new();
  void *socket = zmq_socket(context, ZMQ_PUSH);
  if (zmq_bind(socket, endpoint) != 0) return 1;
  char *bytes = malloc(size);
  memset(bytes, 7, size);
  char byte;
  zmq_send(socket, bytes, size, 0);
  if (read(ready[0], &byte, 1) != 1) return 1;
  double start = now();
  for (long index = 1; index < count; index++) zmq_send(socket, bytes, size, 0);
  int status;
  waitpid(child, &status, 0);
  double time = now() - start;
  if (size < 4096) printf("%s %f items/s\n", argv[3], count / time * 1e6);
  else printf("%s %f MB/s\n", argv[3], count / time * size);
  unlink(path);
  rmdir(directory);
  return status != 0;
}

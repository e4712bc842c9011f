// Records of 100 bytes from a source over two workers to a sink, over PUSH and PULL of plain
// libzmq, each a MessagePack map that every process unpacks or packs in full: the practical limit
// of the same mechanism without a library above it.
//
//     pipeline COUNT NAME
//
// The source connects to both workers, so that its first two records go to one each: when they
// have arrived at the sink, everything is connected and the clock starts. It keeps its socket open
// until it is ended: libzmq loses what is still in an ipc connection when the sender closes it
// while the receiver is at its high-water mark.
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define CHECK(condition) do { if (!(condition)) fail(#condition); } while (0)

// The workers come first among the children and the endpoints; then one more of each: the source is
// a child without an endpoint, the sink is this process with one.
enum { workers = 2, source = workers, processes = workers + 1, sink = workers };
enum { capacity = 256, limit = 60 };

static char directory[] = "/tmp/ptree-pipeline-XXXXXX";
static char endpoints[workers + 1][64];  // where the workers and the sink listen
static pid_t parent, children[processes];

// Ends and reaps whatever still runs, and removes the files. Signal handlers use it as well.
static void clean_up(void) {
  for (int i = 0; i < processes; i++) {
    if (children[i] <= 0) continue;
    kill(children[i], SIGKILL);
    waitpid(children[i], NULL, 0);
  }
  for (int i = 0; i <= workers; i++) unlink(endpoints[i] + strlen("ipc://"));
  rmdir(directory);
}

static void stop(int number) {
  (void)number;
  if (getpid() == parent) clean_up();
  _exit(1);
}

static void fail(const char *what) {
  fprintf(stderr, "pipeline: %s: %s\n", what, zmq_strerror(zmq_errno()));
  if (getpid() != parent && getppid() == parent) kill(parent, SIGTERM);
  stop(0);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

// The record and its MessagePack.

enum { digits = 24, max_tags = 4 };

struct record {
  uint64_t id;
  char name[32];
  double value;
  int tag_count;
  char tags[max_tags][32];
  bool ok;
};

static struct record make_record(uint64_t id) {
  struct record record = {
      .id = id, .name = "item-", .value = id * 0.5, .tag_count = 3,
      .tags = {"alpha", "beta", "gamma-delta-eps"}};
  memset(record.name + 5, '0', digits);
  for (int i = 5 + digits - 1; id > 0; id /= 10) record.name[i--] = '0' + id % 10;
  return record;
}

static unsigned char *pack_string(unsigned char *at, const char *text) {
  size_t length = strlen(text);  // below 32
  *at = 0xa0 | length;
  memcpy(at + 1, text, length);
  return at + 1 + length;
}

static unsigned char *pack_word(unsigned char *at, unsigned char type, uint64_t word) {
  *at = type;
  for (int i = 8; i > 0; i--, word >>= 8) at[i] = word;
  return at + 9;
}

static size_t pack(const struct record *record, unsigned char *bytes) {
  unsigned char *at = bytes;
  uint64_t bits;
  memcpy(&bits, &record->value, sizeof bits);
  *at++ = 0x80 | 5;
  at = pack_word(pack_string(at, "id"), 0xcf, record->id);
  at = pack_string(pack_string(at, "name"), record->name);
  at = pack_word(pack_string(at, "value"), 0xcb, bits);
  at = pack_string(at, "tags");
  *at++ = 0x90 | record->tag_count;
  for (int i = 0; i < record->tag_count; i++) at = pack_string(at, record->tags[i]);
  at = pack_string(at, "ok");
  *at++ = record->ok ? 0xc3 : 0xc2;
  return at - bytes;
}

struct reader {
  const unsigned char *at, *end;
};

static const unsigned char *take(struct reader *reader, size_t count) {
  CHECK((size_t)(reader->end - reader->at) >= count);
  reader->at += count;
  return reader->at - count;
}

static int unpack_count(struct reader *reader, int type) {
  int byte = *take(reader, 1);
  CHECK((byte & 0xf0) == type);
  return byte & 0x0f;
}

static void unpack_string(struct reader *reader, char text[32]) {
  int byte = *take(reader, 1);
  CHECK((byte & 0xe0) == 0xa0);
  int length = byte & 0x1f;
  memcpy(text, take(reader, length), length);
  text[length] = 0;
}

static uint64_t unpack_word(struct reader *reader, int type) {
  CHECK(*take(reader, 1) == type);
  const unsigned char *bytes = take(reader, 8);
  uint64_t word = 0;
  for (int i = 0; i < 8; i++) word = word << 8 | bytes[i];
  return word;
}

static bool unpack_bool(struct reader *reader) {
  int byte = *take(reader, 1);
  CHECK(byte == 0xc2 || byte == 0xc3);
  return byte == 0xc3;
}

static void unpack(struct record *record, const unsigned char *bytes, size_t size) {
  struct reader reader = {bytes, bytes + size};
  int fields = unpack_count(&reader, 0x80);
  CHECK(fields == 5);
  while (fields-- > 0) {
    char key[32];
    unpack_string(&reader, key);
    if (!strcmp(key, "id")) {
      record->id = unpack_word(&reader, 0xcf);
    } else if (!strcmp(key, "name")) {
      unpack_string(&reader, record->name);
    } else if (!strcmp(key, "value")) {
      uint64_t bits = unpack_word(&reader, 0xcb);
      memcpy(&record->value, &bits, sizeof bits);
    } else if (!strcmp(key, "tags")) {
      record->tag_count = unpack_count(&reader, 0x90);
      CHECK(record->tag_count <= max_tags);
      for (int i = 0; i < record->tag_count; i++) unpack_string(&reader, record->tags[i]);
    } else {
      CHECK(!strcmp(key, "ok"));
      record->ok = unpack_bool(&reader);
    }
  }
  CHECK(reader.at == reader.end);
}

// The processes. High-water marks stay at the 1000 of libzmq.

static void *open_socket(void *context, int type, int (*attach)(void *, const char *), int place) {
  int interval = 1;
  void *socket = zmq_socket(context, type);
  CHECK(socket);
  CHECK(zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &interval, sizeof interval) == 0);
  CHECK(attach(socket, endpoints[place]) == 0);
  return socket;
}

static void send_record(void *socket, const struct record *record) {
  unsigned char bytes[capacity];
  CHECK(zmq_send(socket, bytes, pack(record, bytes), 0) >= 0);
}

static void receive_record(void *socket, struct record *record) {
  unsigned char bytes[capacity];
  int size = zmq_recv(socket, bytes, sizeof bytes, 0);
  CHECK(size >= 0 && size <= capacity);
  unpack(record, bytes, size);
}

static void run_source(long count, int go) {
  void *context = zmq_ctx_new();
  void *socket = open_socket(context, ZMQ_PUSH, zmq_connect, 0);
  char byte;
  for (int i = 1; i < workers; i++) CHECK(zmq_connect(socket, endpoints[i]) == 0);
  struct record record = make_record(0);
  for (int i = 0; i < workers; i++) send_record(socket, &record);
  CHECK(read(go, &byte, 1) == 1);
  for (long id = 0; id < count; id++) {
    record = make_record(id);
    send_record(socket, &record);
  }
  for (;;) pause();
}

static void run_worker(int place, int ready) {
  void *context = zmq_ctx_new();
  void *input = open_socket(context, ZMQ_PULL, zmq_bind, place);
  void *output = open_socket(context, ZMQ_PUSH, zmq_connect, sink);
  struct record record;
  for (bool first = true;; first = false) {
    receive_record(input, &record);
    record.value *= 2;
    record.ok = true;
    send_record(output, &record);
    if (first) CHECK(write(ready, "", 1) == 1);
  }
}

static double run_sink(void *socket, long count, int ready, int go) {
  struct record record;
  char byte;
  for (int i = 0; i < workers; i++) {
    receive_record(socket, &record);
    CHECK(read(ready, &byte, 1) == 1);
  }
  double start = now(), sum = 0;
  CHECK(write(go, "", 1) == 1);
  for (long index = 0; index < count; index++) {
    receive_record(socket, &record);
    CHECK(record.ok);
    sum += record.value;
  }
  double time = now() - start;
  CHECK(sum == count * (count - 1.0) / 2);
  return time;
}

int main(int argc, char **argv) {
  long count = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
  if (count <= 0) return 2;
  if (!mkdtemp(directory)) return 1;
  for (int i = 0; i <= workers; i++)
    snprintf(endpoints[i], sizeof endpoints[i], "ipc://%s/%d", directory, i);
  parent = getpid();
  signal(SIGALRM, stop);
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  alarm(limit);
  int ready[2], go[2];
  CHECK(pipe(ready) == 0 && pipe(go) == 0);
  for (int i = 0; i < processes; i++) {
    children[i] = fork();
    CHECK(children[i] >= 0);
    if (children[i] > 0) continue;
    alarm(limit);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (i == source) run_source(count, go[0]);
    run_worker(i, ready[1]);
  }
  void *context = zmq_ctx_new();
  void *socket = open_socket(context, ZMQ_PULL, zmq_bind, sink);
  double time = run_sink(socket, count, ready[0], go[1]);
  CHECK(zmq_close(socket) == 0);
  CHECK(zmq_ctx_term(context) == 0);
  clean_up();
  printf("%s %f items/s\n", argv[2], count / time * 1e6);
  return 0;
}

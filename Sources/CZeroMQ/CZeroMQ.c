#define _GNU_SOURCE
#include "CZeroMQ.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// Weak: a program that contains libzmq, or is linked with it, has them; in others they are null.
#define CZ_WEAK(name, result, failure, parameters, arguments)                                        \
  extern __typeof__(zmq_##name) zmq_##name __attribute__((weak));
CZ_FUNCTIONS(CZ_WEAK)

// What the table has at first: each loads the library, and calls the function that was meant.
#define CZ_LOADER(name, result, failure, parameters, arguments)                                      \
  static result load_and_##name parameters {                                                         \
    if (!cz_load()) {                                                                                \
      errno = ELIBACC;                                                                               \
      return failure;                                                                                \
    }                                                                                                \
    return cz_##name arguments;                                                                      \
  }
CZ_FUNCTIONS(CZ_LOADER)

#define CZ_FIRST(name, result, failure, parameters, arguments) .name = load_and_##name,
struct cz_functions cz_functions = {CZ_FUNCTIONS(CZ_FIRST)};

// Free whenever a process is cloned: that has one thread, which does not clone while it loads.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char failure_text[512];
static bool is_loaded;

/// The functions that the program contains. Returns false if it contains none.
static bool find_inside(struct cz_functions *functions) {
#define CZ_INSIDE(name, result, failure, parameters, arguments)                                      \
  if (!zmq_##name) return false;                                                                     \
  functions->name = zmq_##name;
  CZ_FUNCTIONS(CZ_INSIDE)
  return true;
}

const char *cz_open(const char *library, struct cz_functions *functions) {
  // All at once, so that clones of this process inherit what was looked up. Its symbols serve nobody else.
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return dlerror();
#define CZ_FIND(name, result, failure, parameters, arguments)                                        \
  functions->name = (result(*) parameters)dlsym(handle, "zmq_" #name);                               \
  if (!functions->name) {                                                                            \
    dlclose(handle);                                                                                 \
    return "it has no zmq_" #name;                                                                   \
  }
  CZ_FUNCTIONS(CZ_FIND)
  return NULL;
}

/// Puts the functions of libzmq into the table. Returns null, or the reason why that fails.
static const char *fill_table(void) {
  struct cz_functions found;
  if (!find_inside(&found)) {
    const char *reason = cz_open("libzmq.so.5", &found);
    if (reason) return reason;
  }
#define CZ_PUT(name, result, failure, parameters, arguments)                                         \
  __atomic_store_n(&cz_functions.name, found.name, __ATOMIC_RELEASE);
  CZ_FUNCTIONS(CZ_PUT)
  return NULL;
}

bool cz_load(void) {
  pthread_mutex_lock(&lock);
  const char *reason = is_loaded ? NULL : fill_table();
  is_loaded = !reason;
  if (reason) snprintf(failure_text, sizeof failure_text, "%s", reason);
  bool result = is_loaded;
  pthread_mutex_unlock(&lock);
  return result;
}

void cz_copy_failure(char *text, size_t size) {
  pthread_mutex_lock(&lock);
  snprintf(text, size, "%s", is_loaded ? "" : failure_text);
  pthread_mutex_unlock(&lock);
}

// libzmq's header, and its functions behind a table: a process maps the library and the dozen behind it
// when it first calls one of them. Where the program contains libzmq, its functions are called.
#pragma once
#if !__has_include(<zmq.h>)
#error "zmq.h is missing: install libzmq's headers, such as libzmq3-dev (Debian) or zeromq-devel (Fedora)"
#endif
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <zmq.h>

/// Loads libzmq, if the program neither contains it nor has loaded it. Returns false if that fails; the next call
/// tries again. Callable from any thread, and in a clone of a process that had one thread.
bool cz_load(void);

/// Copies the reason why the last `cz_load` has failed, as the dynamic linker words it; an empty text if the library
/// is loaded, or nobody has tried.
void cz_copy_failure(char *text, size_t size);

// The functions of libzmq that the table has: name, result, value if the library cannot be loaded, which has set
// errno to ELIBACC; parameters and arguments.
#define CZ_FUNCTIONS(F)                                                                              \
  F(ctx_new, void *, NULL, (void), ())                                                               \
  F(ctx_set, int, -1, (void *context, int option, int value), (context, option, value))             \
  F(ctx_shutdown, int, -1, (void *context), (context))                                               \
  F(ctx_term, int, -1, (void *context), (context))                                                   \
  F(socket, void *, NULL, (void *context, int kind), (context, kind))                                \
  F(close, int, -1, (void *socket), (socket))                                                        \
  F(setsockopt, int, -1, (void *socket, int option, const void *value, size_t size),                 \
    (socket, option, value, size))                                                                   \
  F(getsockopt, int, -1, (void *socket, int option, void *value, size_t *size),                      \
    (socket, option, value, size))                                                                   \
  F(bind, int, -1, (void *socket, const char *endpoint), (socket, endpoint))                         \
  F(connect, int, -1, (void *socket, const char *endpoint), (socket, endpoint))                      \
  F(unbind, int, -1, (void *socket, const char *endpoint), (socket, endpoint))                       \
  F(disconnect, int, -1, (void *socket, const char *endpoint), (socket, endpoint))                   \
  F(socket_monitor, int, -1, (void *socket, const char *endpoint, int events),                       \
    (socket, endpoint, events))                                                                      \
  F(poll, int, -1, (zmq_pollitem_t *items, int count, long timeout), (items, count, timeout))        \
  F(send, int, -1, (void *socket, const void *bytes, size_t size, int flags),                        \
    (socket, bytes, size, flags))                                                                    \
  F(msg_init, int, -1, (zmq_msg_t *message), (message))                                              \
  F(msg_init_size, int, -1, (zmq_msg_t *message, size_t size), (message, size))                      \
  F(msg_init_data, int, -1,                                                                          \
    (zmq_msg_t *message, void *data, size_t size, zmq_free_fn *release, void *hint),                 \
    (message, data, size, release, hint))                                                            \
  F(msg_send, int, -1, (zmq_msg_t *message, void *socket, int flags), (message, socket, flags))      \
  F(msg_recv, int, -1, (zmq_msg_t *message, void *socket, int flags), (message, socket, flags))      \
  F(msg_close, int, -1, (zmq_msg_t *message), (message))                                             \
  F(msg_data, void *, NULL, (zmq_msg_t *message), (message))                                         \
  F(msg_size, size_t, 0, (const zmq_msg_t *message), (message))                                      \
  F(msg_more, int, 0, (const zmq_msg_t *message), (message))                                         \
  F(msg_get, int, -1, (const zmq_msg_t *message, int property), (message, property))                 \
  F(strerror, const char *, strerror(number), (int number), (number))

/// Where the functions are. Until the library is loaded, those are here that load it.
struct cz_functions {
#define CZ_MEMBER(name, result, failure, parameters, arguments) result(*name) parameters;
  CZ_FUNCTIONS(CZ_MEMBER)
#undef CZ_MEMBER
};
extern struct cz_functions cz_functions;

// `cz_NAME` calls `zmq_NAME`. One load and an indirect call: as much as a call of a shared library.
#define CZ_CALL(name, result, failure, parameters, arguments)                                        \
  static inline result cz_##name parameters {                                                        \
    return __atomic_load_n(&cz_functions.name, __ATOMIC_ACQUIRE) arguments;                          \
  }
CZ_FUNCTIONS(CZ_CALL)
#undef CZ_CALL

/// The error number that the last call on this thread has left, as `zmq_errno` has it.
static inline int cz_errno(void) { return errno; }

// MARK: For tests

/// Fills a table with the functions of a library. Returns null, or the reason why that fails.
const char *cz_open(const char *library, struct cz_functions *functions);

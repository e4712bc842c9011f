// Linux calls that Swift's Glibc module does not map: epoll, eventfd, and libdispatch's hooks for
// run loops that drain the main queue themselves.
#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// A descriptor that is readable while libdispatch's main queue has work.
int _dispatch_get_main_queue_handle_4CF(void);

/// Runs what the main queue holds. To be called on the main thread.
void _dispatch_main_queue_callback_4CF(void *_Null_unspecified message);

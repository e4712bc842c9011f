#pragma once
#include <stdint.h>

/// The size of a unix socket's path, with its end.
#define PT_SOCKET_PATH 108

/// Duplicates a descriptor of the process behind a pidfd, close-on-exec. Returns it, or a negated
/// errno: EPERM if the kernel does not let this process look into the other.
int pt_descriptor_take(int pidfd, int number);

/// Writes the path that a connected stream socket was accepted at or leads to. Returns an errno:
/// ENOTCONN for any other descriptor.
int pt_connection_path(int descriptor, char path[_Nonnull PT_SOCKET_PATH]);

/// Accepts a connection of a unix socket, which is closed on exec and does not block, and reports who has
/// connected, as the kernel knows it; returns a negative errno on failure.
int pt_accept_local(int listener, int32_t *_Nonnull pid, uint32_t *_Nonnull user);

/* SPDX-License-Identifier: Apache-2.0
 *
 * The sockets that we listen on: made with their mode before anybody can connect, only in a folder that nobody else may write; or handed over by
 * systemd.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { LISTEN_BACKLOG = 128 };

/* Makes the socket: mode 0600, or 0660 and that group where group is not (gid_t)-1; and its folder, mode 0755, where nothing but that is missing. A stale
 * socket of our own uid is replaced; anything else in its place is an error. Returns the descriptor, not blocking, or -1. Errors: ERR_SYSTEM,
 * ERR_NOT_FOUND, ERR_POLICY (the folder may be written by others; a live server has the socket), ERR_USAGE (path too long). */
int listen_unix(const char *path, gid_t group, struct err *err) NODISCARD;

/* 127.0.0.1:PORT or [::1]:PORT; nothing but loopback. *ret_port: what was bound, for port 0. Errors: ERR_USAGE, ERR_SYSTEM. */
int listen_loopback(const char *address, int *ret_port, struct err *err) NODISCARD;

/* The descriptor that systemd hands over for that path (LISTEN_FDS), or -1 where it does not. */
int listen_inherited(const char *path);

/* Removes the socket where it is still ours (device and inode of fd's are compared). */
void listen_remove(const char *path, dev_t dev, ino_t ino);

/* Says "READY=1" and the like where NOTIFY_SOCKET is set. */
void listen_notify(const char *state);

/* The group's number by its name or digits. Errors: ERR_USAGE. */
int listen_group(const char *name, gid_t *ret_gid, struct err *err) NODISCARD;

#endif

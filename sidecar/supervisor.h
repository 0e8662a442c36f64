/* SPDX-License-Identifier: Apache-2.0
 *
 * The process that the others are children of: makes the sockets, starts the keeper and the workers, and sees to it that there is always one keeper and
 * enough workers. It reads no key and no request.
 *
 *   supervisor ─┬─ keeper              keys, key services
 *               ├─ worker ─ worker     of socket 1 ── line 1 ──► keeper
 *               └─ worker ─ worker     of socket 2 ── line 2 ──► keeper
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include "serve_options.h"

/* Runs until SIGTERM or SIGINT; returns the exit status. What is wrong is printed. */
int supervisor_run(const struct serve_options *options);

#endif

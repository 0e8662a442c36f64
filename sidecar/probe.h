/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops serve --probe live|ready --listen unix:///PATH`: asks the sidecar that listens there how it is. For probes of Kubernetes, which can not ask over
 * a Unix socket themselves.
 */
#ifndef PROBE_H
#define PROBE_H

#include "serve_options.h"

enum { PROBE_MS = 5000 /* that an answer may take */ };

/* Asks each socket; 0 where all are ready, or for `live` where something answers HTTP at all. Errors: those of socket_keys_connect(); ERR_UNREACHABLE where
 * one is not well. */
int probe_run(const struct serve_options *options, struct err *err) NODISCARD;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops serve`: the sidecar.
 */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "command.h"

extern const struct command cmd_serve;

#endif

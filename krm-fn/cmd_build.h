/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops build`: the manifests that Flux would apply.
 */
#ifndef CMD_BUILD_H
#define CMD_BUILD_H

#include "command.h"

extern const struct command cmd_build;

#endif

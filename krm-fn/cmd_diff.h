/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops diff`: what a build changes, for pull requests.
 */
#ifndef CMD_DIFF_H
#define CMD_DIFF_H

#include "command.h"

extern const struct command cmd_diff;

#endif

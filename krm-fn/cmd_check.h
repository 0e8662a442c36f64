/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops check`: what is wrong with the encrypted files of a repository, or with a build's output.
 */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "command.h"

extern const struct command cmd_check;

#endif

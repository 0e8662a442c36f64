/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops install DIR`: a copy of this program into a folder, for init containers that have neither a shell nor cp. See drop_in.h for
 * `ksops install`.
 */
#ifndef CMD_INSTALL_H
#define CMD_INSTALL_H

#include "command.h"

extern const struct command cmd_install;

/* The same where the program is called by another name: that one only is installed. */
int cmd_install_as(const char *name, int argc, char **argv);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The KRM function: what the program is when it is run without a verb.
 */
#ifndef CMD_FUNCTION_H
#define CMD_FUNCTION_H

#include "command.h"

extern const struct command cmd_function;

#endif

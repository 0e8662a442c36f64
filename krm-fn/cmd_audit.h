/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops audit`: who can open which file, who should, and the drift between the two.
 */
#ifndef CMD_AUDIT_H
#define CMD_AUDIT_H

#include "command.h"

extern const struct command cmd_audit;

#endif

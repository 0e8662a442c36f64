/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops filter`: a stream of manifests in, the same stream decrypted out.
 */
#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include "command.h"

extern const struct command cmd_filter;

#endif

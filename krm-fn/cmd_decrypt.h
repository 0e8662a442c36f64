/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops decrypt`: one document, the bytes that `sops decrypt` prints.
 */
#ifndef CMD_DECRYPT_H
#define CMD_DECRYPT_H

#include "command.h"

#include <stdbool.h>

extern const struct command cmd_decrypt;

/* True where a command line without a verb in front is one of `sops -d FILE`, `sops --input-type T -d FILE`, `sops --indent 2 decrypt FILE`:
 * cmd_decrypt.run() then takes it as it is. */
bool cmd_decrypt_is_meant(int argc, char **argv);

#endif

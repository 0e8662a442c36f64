/* SPDX-License-Identifier: Apache-2.0
 *
 * A functionConfig in a file of its own: --config.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "config.h"

/* text and doc are what the config's spans point to; they must outlive it. Errors: those of reading, ERR_USAGE where it is no config or one
 * for another mode than transform. */
int config_file_read(const char *path, struct buf *text, struct doc *doc, struct config *config,
		     struct err *err) NODISCARD;

#endif

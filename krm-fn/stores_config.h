/* SPDX-License-Identifier: Apache-2.0
 *
 * What a `.sops.yaml` says about layout (`stores.yaml.indent`, `stores.json.indent`): the only part of it that decryption heeds.
 * sops: config/config.go
 */
#ifndef STORES_CONFIG_H
#define STORES_CONFIG_H

#include "doc/doc.h"

/* Sets the indents of style from the file `path`, or where that is NULL from the `.sops.yaml` in the working directory or the nearest folder
 * above it; changes nothing where there is none. Errors: ERR_FORMAT, ERR_NOT_FOUND and ERR_SYSTEM (path), ERR_LIMIT, ERR_NOMEM. */
int stores_config_load(const char *path, struct doc_style *style, struct err *err) NODISCARD;

/* Sets both indents as sops's --indent does. Errors: ERR_USAGE for numbers that sops refuses. */
int stores_config_indent(int64_t indent, struct doc_style *style, struct err *err) NODISCARD;

#endif

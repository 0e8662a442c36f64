/* SPDX-License-Identifier: Apache-2.0
 *
 * The tokens that are more than an indicator: each function stands at the first character of one and fills ret_token.
 */
#ifndef DOC_YAML_FETCH_H
#define DOC_YAML_FETCH_H

#include "doc/yaml_scan.h"

/* yaml_scalar.c */
int yaml_fetch_plain(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err) NODISCARD;
int yaml_fetch_quoted(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err) NODISCARD;

/* yaml_block.c */
int yaml_fetch_block(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err) NODISCARD;

/* yaml_property.c */
int yaml_fetch_anchor(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err) NODISCARD;
int yaml_fetch_tag(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err) NODISCARD;
int yaml_fetch_directive(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
	NODISCARD;

#endif

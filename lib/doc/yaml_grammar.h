/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens to nodes; see yaml_grammar.c.
 */
#ifndef DOC_YAML_GRAMMAR_H
#define DOC_YAML_GRAMMAR_H

#include "doc/yaml_build.h"

/* Reads every document of the stream; ret_documents is their number. */
int yaml_grammar_stream(struct yaml_scan *s, struct yaml_build *b, size_t *ret_documents,
			struct err *err) NODISCARD;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of a config as the Go programs that it was written for find them. KSOPS turns YAML into JSON first and reads that into typed structs
 * (sigs.k8s.io/yaml: yaml.go, encoding/json); SopsSecretGenerator reads YAML into them (gopkg.in/yaml.v3: decode.go). Both take a number
 * or a truth value where a text belongs, each with a text of its own.
 */
#ifndef GO_TEXT_H
#define GO_TEXT_H

#include "doc/doc.h"

/* The entry of map that lands in the field `name`: in any letter case; of several the last one by its bytes, as JSON's keys come sorted.
 * `<<` merges. NULL where there is none. */
const struct doc_node *go_json_field(const struct doc_node *map, const char *name);

/* True where more than one entry of map itself lands in that field. */
bool go_json_is_twice(const struct doc_node *map, const char *name);

/* The text of a scalar in a field of type string. null is an empty text. `source` is the text that the node's offsets are of; made texts lie in
 * arena. 1: it is one; 0: it is a map or a list; -1: ERR_NOMEM, ERR_LIMIT. */
int go_json_text(const struct doc_node *node, struct span source, struct arena *arena,
		 struct span *ret, struct err *err) NODISCARD;
int go_yaml_text(const struct doc_node *node, struct span source, struct arena *arena,
		 struct span *ret, struct err *err) NODISCARD;

/* The key of a map's entry as JSON has it: an unquoted `y` is "true". */
struct span go_json_key(const struct doc_node *entry, struct span source);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON documents, read and printed as sops does (Go's encoding/json).
 */
#ifndef DOC_DOC_JSON_H
#define DOC_DOC_JSON_H

#include "doc/doc.h"

/* One object; what stands behind its closing brace is not looked at. Duplicate keys are kept in order. Integers within int64 in plain
 * notation are DOC_INT, all other numbers DOC_FLOAT. Errors: ERR_FORMAT with line and column, ERR_LIMIT, ERR_NOMEM. */
int doc_json_read(struct span input, struct doc *ret_doc, struct err *err) NODISCARD;

/* The first document, with a line break at its end. Comments are dropped. ERR_EMIT with the path for what JSON can not say: infinities
 * and NaN, offsets of 24 hours, and for keys that are not strings. */
int doc_json_write(const struct doc *doc, const struct doc_style *style, struct buf *out,
		   struct err *err) NODISCARD;

/* One value as `sops decrypt --extract` prints it: as in a document, without a line break at the end. A string comes as a JSON string;
 * that --extract prints a string's bytes is the caller's business. */
int doc_json_write_value(const struct doc_node *value, const struct doc_style *style,
			 struct buf *out, struct err *err) NODISCARD;

#endif

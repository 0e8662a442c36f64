/* SPDX-License-Identifier: Apache-2.0
 *
 * Is this text a SOPS document, and in which format? Two answers: Flux's, which looks for a marker, and ours, which parses.
 */
#ifndef DETECT_H
#define DETECT_H

#include "doc/doc.h"

/* Flux's markers (krm-and-flux.md 4.5), with their blind spots: compact JSON and quoted YAML are missed, prose with "[sops]" is taken for INI.
 * Flux picks at random where several match; here YAML, JSON, dotenv, INI in that order. */
bool detect_marker(struct span text, enum doc_format *ret_format);

/* Flux's marker of one format, where the format is known: a binary document has JSON's. */
bool detect_has_marker(struct span text, enum doc_format format);

/* Differs: Flux asks detect_marker() only. True where text parses as one of the formats and has `sops` metadata with a MAC in it. A binary document is told as JSON: they load alike.
 * Returns 1, 0, or -1 with ERR_NOMEM. */
int detect_document(struct span text, enum doc_format *ret_format, struct err *err) NODISCARD;

/* The format that a Secret's key asks for: .dockerconfigjson is JSON, the rest by suffix as sops does, else binary. */
enum doc_format detect_format_of_key(struct span key);

#endif

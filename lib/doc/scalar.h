/* SPDX-License-Identifier: Apache-2.0
 *
 * Typed scalars to text and back, independent of the C locale: what the formats, the value types of SOPS and its MAC share. The rules
 * are those of Go's strconv and time packages and of go-yaml's resolve.go.
 */
#ifndef DOC_SCALAR_H
#define DOC_SCALAR_H

#include "doc/doc.h"

/* What a plain YAML scalar means: sets kind and value of ret_node (DOC_NULL, DOC_STRING with str = text, DOC_INT, DOC_UINT, DOC_FLOAT,
 * DOC_BOOL, DOC_TIME). The text `<<` is a string here. go-yaml: resolve.go */
void scalar_resolve_yaml(struct span text, struct doc_node *ret_node);

/* True where text, written plain, would read back as something other than a string, or is one of YAML 1.1's look-alikes that go-yaml
 * quotes (y, yes, on, 1:20, ...). */
bool scalar_needs_quotes(struct span text);

/* Go's ParseInt(text, 10, 64): sign allowed, decimal digits only. false where it is not that. */
bool scalar_parse_int(struct span text, int64_t *ret);

/* Go's ParseFloat(text, 64): decimal, hex floats, inf/nan in any case, `_` only as Go allows it (base prefix). Correctly rounded.
 * false for a syntax or range error. */
bool scalar_parse_float(struct span text, double *ret);

/* Go's strconv.ParseBool. */
bool scalar_parse_bool(struct span text, bool *ret);

/* RFC 3339 as Go's time.Parse(time.RFC3339, ...) takes it: the hour may have one digit, a fraction may begin with a comma and have any
 * number of digits (those behind the ninth are dropped), offsets go to 24 hours and 60 minutes. */
bool scalar_parse_time(struct span text, struct doc_time *ret);

/* All forms use the shortest digits that read back as the same double, among equally short ones the closest. With e the decimal exponent
 * (value = d.ddd x 10^e): */
enum scalar_float_form {
	FLOAT_YAML, /* e below -4 or from 6 on: 1e+06, 1.5e-07, at least two exponent digits; else plain: 123456.5, 1; .inf, -.inf, .nan */
	FLOAT_JSON, /* plain from 1e-6 to below 1e21, else 1e-7, 1e+21; the caller refuses Inf and NaN */
	FLOAT_FLAT, /* dotenv and INI: as YAML with E, but `.0` is added where neither '.' nor 'E' is; +Inf, -Inf, NaN */
	FLOAT_MAC,  /* never an exponent; +Inf, -Inf, NaN */
};

void scalar_add_int(int64_t value, struct buf *out);
void scalar_add_float(double value, enum scalar_float_form form, struct buf *out);

enum scalar_time_form {
	TIME_NANO,  /* MAC, JSON: RFC 3339, fraction without trailing zeros; Z for offset 0 */
	TIME_WHOLE, /* dotenv and INI: as YAML without the fraction */
	TIME_YAML,  /* YAML: as NANO, but an offset of 24 hours or more is printed as it is */
};
/* TIME_NANO: false (and nothing added) where RFC 3339 can not say it: offset of 24 hours or more. All: false for a year outside 0 to 9999,
 * which no reader makes. */
bool scalar_add_time(const struct doc_time *time, enum scalar_time_form form, struct buf *out)
	NODISCARD;

#endif

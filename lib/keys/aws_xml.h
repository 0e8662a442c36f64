/* SPDX-License-Identifier: Apache-2.0
 *
 * The answers of STS: XML without attributes that matter, of which a few texts are wanted.
 */
#ifndef KEYS_AWS_XML_H
#define KEYS_AWS_XML_H

#include "base/buf.h"

/* Appends the text of the first element `name` right inside of an element `parent`, with entities resolved. False where there is none, where
 * it holds other elements, or where the XML is broken up to its end; out is then as before. No DOCTYPE, no CDATA, no names of entities beyond
 * XML's five. The caller asks buf_check(). */
bool aws_xml_text(struct span xml, const char *parent, const char *name, struct buf *out);

#endif

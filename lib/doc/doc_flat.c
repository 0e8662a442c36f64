/* SPDX-License-Identifier: Apache-2.0
 *
 * Scalars as text for dotenv and INI; see doc_flat.h.
 */
#include "doc/doc_flat.h"

#include "base/text.h"
#include "doc/scalar.h"

#include <inttypes.h>

int doc_flat_key(const struct doc_node *entry, struct err *err)
{
	if (entry->flags & DOC_KEY_BAD)
		return err_set(err, ERR_EMIT, "the key '%s' is not a string",
			       text_quote(entry->key).text);
	return 0;
}

int doc_flat_text(const struct doc_node *entry, struct buf *scratch, struct span *ret_text,
		  struct err *err)
{
	buf_reset(scratch);
	switch ((enum doc_kind)entry->kind) {
	case DOC_STRING:
		*ret_text = entry->str;
		return 0;
	case DOC_NULL:
		buf_add_str(scratch, "<nil>");
		break;
	case DOC_INT:
		scalar_add_int(entry->integer, scratch);
		break;
	case DOC_UINT:
		buf_printf(scratch, "%" PRIu64, entry->big);
		break;
	case DOC_FLOAT:
		scalar_add_float(entry->number, FLOAT_FLAT, scratch);
		break;
	case DOC_BOOL:
		buf_add_str(scratch, entry->boolean ? "true" : "false");
		break;
	case DOC_TIME:
		if (!scalar_add_time(&entry->time, TIME_WHOLE, scratch))
			return err_set(err, ERR_EMIT, "the time under '%s' can not be written",
				       text_quote(entry->key).text);
		break;
	case DOC_MAP:
	case DOC_LIST:
	case DOC_COMMENT:
		/* Differs: sops prints a dump of its own data structure here for lists and maps (INI only) and for a comment in a
		 * value's place (`{text false}`). */
		return err_set(err, ERR_EMIT, "the value under '%s' is not a simple one",
			       text_quote(entry->key).text);
	}
	if (buf_check(scratch, err) < 0)
		return -1;
	*ret_text = buf_span(scratch);
	return 0;
}

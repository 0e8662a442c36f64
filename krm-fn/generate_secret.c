/* SPDX-License-Identifier: Apache-2.0
 *
 * Secrets to text; see generate_secret.h.
 */
#include "generate_secret.h"

#include "json_text.h"

static int add_text(struct buf *out, const char *before, struct span text, struct err *err)
{
	buf_add_str(out, before);
	if (json_text_add(text, out) < 0)
		return err_set(err, ERR_EMIT, "a text that is not UTF-8");
	return 0;
}

static int add_pair(struct buf *out, const char *indent, struct span key, struct span value,
		    struct err *err)
{
	/* As explicit key: it may be of any length. */
	buf_add_str(out, indent);
	if (add_text(out, "? ", key, err) < 0)
		return -1;
	buf_add_char(out, '\n');
	buf_add_str(out, indent);
	if (add_text(out, ": ", value, err) < 0)
		return -1;
	buf_add_char(out, '\n');
	return 0;
}

static int add_pairs(struct buf *out, const char *name, const struct generate_pairs *pairs,
		     struct err *err)
{
	size_t i;

	if (pairs->count)
		buf_printf(out, "  %s:\n", name);
	for (i = 0; i < pairs->count; i++) {
		if (add_pair(out, "    ", pairs->at[i].key, pairs->at[i].value, err) < 0)
			return -1;
	}
	return 0;
}

static int add_values(struct buf *out, const char *name, const struct generate_values *values,
		      bool always, struct err *err)
{
	size_t i;

	if (values->count)
		buf_printf(out, "%s:\n", name);
	else if (always)
		buf_printf(out, "%s: {}\n", name);
	for (i = 0; i < values->count; i++) {
		if (add_pair(out, "  ", values->at[i].key, values->at[i].value, err) < 0)
			return -1;
	}
	return 0;
}

static int add_line(struct buf *out, const char *name, struct span value, struct err *err)
{
	if (!value.len)
		return 0;
	buf_add_str(out, name);
	if (add_text(out, ": ", value, err) < 0)
		return -1;
	buf_add_char(out, '\n');
	return 0;
}

int generate_secret_print(const struct generate_secret *secret,
			  const struct generate_values *string_data,
			  const struct generate_values *data, struct buf *out, struct err *err)
{
	buf_add_str(out, "apiVersion: v1\nkind: Secret\nmetadata:\n");
	if (add_line(out, "  name", secret->name, err) < 0 ||
	    add_line(out, "  namespace", secret->ns, err) < 0 ||
	    add_pairs(out, "labels", &secret->labels, err) < 0 ||
	    add_pairs(out, "annotations", &secret->annotations, err) < 0 ||
	    add_line(out, "type", secret->type, err) < 0 ||
	    add_values(out, "stringData", string_data, false, err) < 0)
		return -1;
	return add_values(out, "data", data, secret->data_always, err);
}

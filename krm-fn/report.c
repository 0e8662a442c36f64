/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of a run; see report.h.
 */
#include "report.h"

#include "command.h"
#include "item.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void report_add(struct report *report, const struct err *err, const struct doc_node *item)
{
	report->all++;
	if (!report->entries)
		report->entries = calloc(REPORT_MAX, sizeof(*report->entries));
	if (!report->entries || report->count == REPORT_MAX)
		return;
	report->entries[report->count++] = (struct report_entry){.err = *err, .item = item};
}

int report_print(const struct report *report)
{
	int status = err_exit_status(report->count ? report->entries[0].err.code : ERR_NOMEM);
	const char *hint = "";
	size_t i;

	for (i = 0; i < report->count; i++) {
		struct err err = report->entries[i].err;

		/* One hint under many like errors is enough. */
		if (strcmp(err.hint, hint) == 0)
			err.hint[0] = '\0';
		else
			hint = report->entries[i].err.hint;
		(void)command_fail(&err);
	}
	if (report->all > report->count)
		report_note("%zu more errors", report->all - report->count);
	return status;
}

void report_note(const char *fmt, ...)
{
	va_list ap;

	fputs("krm-sops: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* Messages and names are quoted already or come from the object: here only what JSON needs. Bytes that are not UTF-8 become '?'. */
static void add_string(struct span s, struct buf *out)
{
	uint32_t code;
	size_t at, len;

	buf_add_char(out, '"');
	for (at = 0; at < s.len; at += len) {
		len = utf8_next(s, at, &code);
		if (!len) {
			buf_add_char(out, '?');
			len = 1;
		} else if (code == '"' || code == '\\') {
			buf_add_char(out, '\\');
			buf_add_char(out, (uint8_t)code);
		} else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
			   code == 0x2029 || code == 0xfeff || code == 0xfffe || code == 0xffff) {
			buf_printf(out, "\\u%04x", (unsigned)code);
		} else {
			buf_add(out, s.data + at, len);
		}
	}
	buf_add_char(out, '"');
}

static void add_field(const char *name, struct span value, bool *first, struct buf *out)
{
	if (!value.len)
		return;
	if (!*first)
		buf_add_str(out, ", ");
	*first = false;
	buf_printf(out, "\"%s\": ", name);
	add_string(value, out);
}

static void add_ref(const struct doc_node *item, struct buf *out)
{
	bool first = true;

	buf_add_str(out, ", \"resourceRef\": {");
	add_field("apiVersion", doc_get_str(item, "apiVersion"), &first, out);
	add_field("kind", doc_get_str(item, "kind"), &first, out);
	add_field("namespace", item_namespace(item), &first, out);
	add_field("name", item_name(item), &first, out);
	buf_add_char(out, '}');
	if (!item_path(item).len)
		return;
	buf_add_str(out, ", \"file\": {\"path\": ");
	add_string(item_path(item), out);
	buf_add_char(out, '}');
}

void report_results(const struct report *report, struct buf *out)
{
	size_t i;

	buf_add_char(out, '[');
	for (i = 0; i < report->count; i++) {
		const struct report_entry *entry = &report->entries[i];

		buf_add_str(out, i ? ", {\"message\": " : "{\"message\": ");
		add_string(span_str(entry->err.msg), out);
		buf_add_str(out, ", \"severity\": \"error\"");
		if (entry->item)
			add_ref(entry->item, out);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

void report_release(struct report *report)
{
	free(report->entries);
	*report = (struct report)REPORT_INIT;
}

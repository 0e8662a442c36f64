/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of a run; see report.h.
 */
#include "report.h"

#include "command.h"
#include "item.h"
#include "json_text.h"

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

/* In one piece, so that nothing comes between that others write to the same place: the sidecar's audit trail is lines of JSON. */
void report_note(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	fprintf(stderr, "krm-sops: %s\n", text ? text : "out of memory for a note");
	free(text);
}

static void add_field(const char *name, struct span value, bool *first, struct buf *out)
{
	if (!value.len)
		return;
	if (!*first)
		buf_add_str(out, ", ");
	*first = false;
	buf_printf(out, "\"%s\": ", name);
	json_text_add_lossy(value, out);
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
	json_text_add_lossy(item_path(item), out);
	buf_add_char(out, '}');
}

void report_results(const struct report *report, struct buf *out)
{
	size_t i;

	buf_add_char(out, '[');
	for (i = 0; i < report->count; i++) {
		const struct report_entry *entry = &report->entries[i];

		buf_add_str(out, i ? ", {\"message\": " : "{\"message\": ");
		json_text_add_lossy(span_str(err_joined(&entry->err).msg), out);
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

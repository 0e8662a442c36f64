/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of `krm-sops audit`; see audit_print.h.
 *
 *   apps/db/secret.yaml: drift, modified 2026-01-01T00:00:00Z, creation rule 1 of /repo/.sops.yaml
 *         age age1...
 *       + age age1...
 *       - pgp 85D7...
 *       ! encrypted_regex: '^data$', expected encrypted_regex: '^(data|stringData)$'
 */
#include "audit_print.h"

#include "base/text.h"
#include "json_list.h"

static const char marks[] = {[AUDIT_BOTH] = ' ', [AUDIT_MISSING] = '+', [AUDIT_EXTRA] = '-'};

/* Names are other people's text, but must be whole to be compared by eye: only what a terminal would obey is left out. */
static void add_plain(struct span text, struct buf *out)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		buf_add_char(out, text.data[i] < ' ' || text.data[i] == 0x7f ? '?' : text.data[i]);
}

void audit_print_text(const struct audit_report *report, struct buf *out)
{
	const struct audit *audit = report->audit;
	size_t i, group = 0;

	add_plain(span_str(report->path), out);
	if (report->line)
		buf_printf(out, ":%u", report->line);
	buf_printf(out, ": %s", audit_status_name(audit->status));
	if (report->meta && report->meta->lastmodified_text.len) {
		buf_add_str(out, ", modified ");
		add_plain(report->meta->lastmodified_text, out);
	}
	if (report->rule) {
		buf_printf(out, ", creation rule %zu of ", report->rule->number);
		add_plain(span_str(report->config), out);
	}
	if (report->message)
		buf_printf(out, ": %s", report->message);
	buf_add_char(out, '\n');
	for (i = 0; i < audit->count; i++) {
		const struct audit_key *key = &audit->keys[i];

		if (audit->groups > 1 && (i == 0 || key->group != group)) {
			group = key->group;
			buf_printf(out, "      group %zu\n", group + 1);
		}
		buf_printf(out, "    %c %s ", marks[key->side], sops_key_type_name(key->type));
		add_plain(key->name, out);
		buf_add_char(out, '\n');
	}
	for (i = 0; i < audit->differ_count; i++)
		buf_printf(out, "    ! %s\n", audit->differs[i]);
}

static int add_key(struct doc *doc, struct doc_node *list, const struct audit_key *key,
		   struct err *err)
{
	struct doc_node *map = json_add(doc, list, SPAN_NULL, DOC_MAP, err);

	if (!map || json_add_number(doc, map, SPAN("group"), (int64_t)key->group + 1, err) < 0 ||
	    json_add_text(doc, map, SPAN("type"), span_str(sops_key_type_name(key->type)), err) <
		    0 ||
	    json_add_text(doc, map, SPAN("key"), key->name, err) < 0)
		return -1;
	return 0;
}

/* The keys of one side; `side` itself, and those of both where `with_both` is set. */
static int add_keys(struct doc *doc, struct doc_node *map, struct span name,
		    const struct audit *audit, enum audit_side side, bool with_both,
		    struct err *err)
{
	struct doc_node *list = json_add(doc, map, name, DOC_LIST, err);
	size_t i;

	if (!list)
		return -1;
	for (i = 0; i < audit->count; i++) {
		const struct audit_key *key = &audit->keys[i];

		if ((key->side == side || (with_both && key->side == AUDIT_BOTH)) &&
		    add_key(doc, list, key, err) < 0)
			return -1;
	}
	return 0;
}

static int add_rule(struct doc *doc, struct doc_node *map, const struct audit_report *report,
		    struct err *err)
{
	const struct audit *audit = report->audit;
	struct doc_node *list;
	size_t i;

	if (!report->rule)
		return 0;
	if (json_add_number(doc, map, SPAN("rule"), (int64_t)report->rule->number, err) < 0 ||
	    add_keys(doc, map, SPAN("expected"), audit, AUDIT_MISSING, true, err) < 0 ||
	    add_keys(doc, map, SPAN("missing"), audit, AUDIT_MISSING, false, err) < 0 ||
	    add_keys(doc, map, SPAN("extra"), audit, AUDIT_EXTRA, false, err) < 0)
		return -1;
	list = json_add(doc, map, SPAN("differs"), DOC_LIST, err);
	if (!list)
		return -1;
	for (i = 0; i < audit->differ_count; i++) {
		if (json_add_text(doc, list, SPAN_NULL, span_str(audit->differs[i]), err) < 0)
			return -1;
	}
	return 0;
}

static struct span text(const char *text)
{
	return text ? span_str(text) : SPAN_NULL;
}

int audit_print_json(const struct audit_report *report, struct buf *out, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct doc_node *map = doc_new(&doc, DOC_MAP, err);
	const char *status = audit_status_name(report->audit->status);

	if (!map)
		return -1;
	doc_add_branch(&doc, map);
	if (json_add_text(&doc, map, SPAN("path"), text(report->path), err) < 0 ||
	    (report->line && json_add_number(&doc, map, SPAN("line"), report->line, err) < 0) ||
	    json_add_text(&doc, map, SPAN("status"), text(status), err) < 0 ||
	    json_add_text(&doc, map, SPAN("message"), text(report->message), err) < 0 ||
	    json_add_text(&doc, map, SPAN("config"), text(report->config), err) < 0)
		return -1;
	if (report->meta &&
	    (json_add_text(&doc, map, SPAN("lastmodified"), report->meta->lastmodified_text, err) <
		     0 ||
	     json_add_text(&doc, map, SPAN("version"), report->meta->version, err) < 0 ||
	     add_keys(&doc, map, SPAN("recipients"), report->audit, AUDIT_EXTRA, true, err) < 0 ||
	     add_rule(&doc, map, report, err) < 0))
		return -1;
	return json_list_add(out, &doc, err);
}

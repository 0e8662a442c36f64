/* SPDX-License-Identifier: Apache-2.0
 *
 * What must not be in the clear by the repository's `.sops.yaml`; see check.h.
 *
 * A creation rule says how sops would encrypt a file, not that the file is a secret: with `path_regex: \.yaml$` it fits every manifest. So a rule
 * counts against a plain file only where rule or file say that it is about secrets:
 *
 *   a Secret                  its data and stringData, wherever the rule selects them
 *   another object            where the rule names fields (encrypted_regex, encrypted_suffix) and these are not those of Secrets; or where its
 *                             path_regex is about this file: one that fits any name whatever is not
 *   any other file            likewise
 */
#include "check.h"

#include "base/text.h"
#include "item.h"
#include "leaves.h"
#include "leftover.h"

enum { NEUTRAL_MAX = 512 /* bytes of a path that a rule is tried on */ };

/* What of one document is in the clear and selected. */
struct clear {
	const struct doc_node *item;
	bool secret; /* only data and stringData count */
	size_t count;
	uint32_t line; /* of the first */
	struct buf field;
};

static void clear_release(struct clear *clear)
{
	buf_release(&clear->field);
}

/* A value of a Secret may itself be a SOPS document, which is opened when it is applied. */
static int holds_document(const struct doc_node *node, bool base64, bool *ret_holds,
			  struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(DOC_INPUT_MAX);

	*ret_holds = node->kind == DOC_STRING && leftover_has_token(node->str);
	if (*ret_holds || node->kind != DOC_STRING || !base64)
		return 0;
	if (base64_decode(BASE64_GO, node->str, &text) < 0)
		return 0;
	*ret_holds = leftover_has_token(buf_span(&text));
	return buf_check(&text, err);
}

static int visit(void *cookie, const struct leaf *leaf, struct err *err)
{
	struct clear *clear = cookie;
	enum doc_kind kind = (enum doc_kind)leaf->node->kind;
	bool data = span_starts(leaf->path, SPAN("data.")), holds = false;

	if (!leaf->encrypted || kind == DOC_COMMENT || kind == DOC_MAP || kind == DOC_LIST ||
	    leaf_is_empty(leaf->node) || leaf_is_token(leaf->node))
		return 0;
	if (clear->secret && !data && !span_starts(leaf->path, SPAN("stringData.")))
		return 0;
	if (clear->secret && holds_document(leaf->node, data, &holds, err) < 0)
		return -1;
	if (holds || clear->count++)
		return 0;
	clear->line = leaf->node->line;
	buf_add_span(&clear->field, leaf->shown);
	return buf_check(&clear->field, err);
}

static int rule_of(const struct creation_rule *rule, struct regex_work *work,
		   struct sops_rule *ret_rule, struct err *err)
{
	const struct sops_meta meta = {.rule = rule->kind, .rule_text = rule->text};

	return sops_rule_init(&meta, work, ret_rule, err);
}

/* Selects by naming what is secret, and not by the fields that every Secret has. */
static int names_fields(const struct creation_rule *rule, const struct sops_rule *selector,
			bool *ret_names, struct err *err)
{
	struct sops_rule_state state = {.key_hit = false};

	*ret_names = false;
	if (rule->kind != SOPS_RULE_ENCRYPTED_SUFFIX && rule->kind != SOPS_RULE_ENCRYPTED_REGEX)
		return 0;
	if (sops_rule_key(selector, SPAN("stringData"), &state, err) < 0 ||
	    sops_rule_key(selector, SPAN("data"), &state, err) < 0)
		return -1;
	*ret_names = !state.key_hit;
	return 0;
}

/* Is the path_regex about this file? Not where it takes any other name with the same ending, in any folder. */
static int is_about(const struct creation_rule *rule, const char *path, bool *ret_about,
		    struct err *err)
{
	static const char *const neutral[] = {
		"neutral",
		"neutral/neutral",
		"neutral/neutral/neutral/neutral",
		"/neutral/neutral",
	};
	CLEAN_BUF struct buf name = BUF_INIT(NEUTRAL_MAX);
	const char *base = strrchr(path, '/'), *dot;
	size_t i;

	*ret_about = false;
	if (!rule->path_regex.len)
		return 0;
	base = base ? base + 1 : path;
	dot = strrchr(base, '.');
	for (i = 0; i < ARRAY_LEN(neutral); i++) {
		bool fits = false;

		buf_reset(&name);
		buf_add_str(&name, neutral[i]);
		if (dot)
			buf_add_str(&name, dot);
		if (buf_check(&name, err) < 0 ||
		    creation_rule_fits(rule, buf_span(&name), &fits, err) < 0)
			return -1;
		if (fits)
			return 0;
	}
	*ret_about = true;
	return 0;
}

static int tell(struct check *check, const struct path_file *file, const struct clear *clear,
		const struct creation_rule *rule, const char *more, struct err *err)
{
	const struct finding_at at = {
		.path = file->shown,
		.line = clear->line,
		.item = clear->item,
		.field = buf_span(&clear->field),
	};
	struct quoted config = text_quote(span_str(check->rules.last->path));

	if (clear->count > 1)
		return findings_add(
			&check->findings, &at, err,
			"in the clear, and %zu more, where creation rule %zu of '%s' says encrypted%s",
			clear->count - 1, rule->number, config.text, more);
	return findings_add(&check->findings, &at, err,
			    "in the clear, where creation rule %zu of '%s' says encrypted%s",
			    rule->number, config.text, more);
}

/* A file's rule with what it takes to apply it. */
struct chosen {
	const struct creation_rule *rule; /* NULL: none fits */
	struct sops_rule selector;
	bool about;  /* its path_regex is about this file */
	bool others; /* it counts for other objects than Secrets too */
};

static void chosen_release(struct chosen *chosen)
{
	sops_rule_release(&chosen->selector);
}

/* A `.sops.yaml` that can not be read is a finding of its own, once. */
static int tell_broken(struct check *check, struct creation_entry *entry, struct err *err)
{
	const struct finding_at at = {.path = entry->path};

	if (entry->told)
		return 0;
	entry->told = true;
	return findings_add(&check->findings, &at, err, "%s", entry->err.msg);
}

static int choose(struct check *check, const struct path_file *file, struct chosen *chosen,
		  struct err *err)
{
	struct creation_entry *entry = NULL;
	struct err own = ERR_INIT;
	bool names = false;

	if (creation_cache_choose(&check->rules, file->path, &entry, &chosen->rule, err) < 0)
		return -1;
	if (!entry)
		return 0;
	if (chosen->rule && (rule_of(chosen->rule, &check->patterns, &chosen->selector, &own) < 0 ||
			     names_fields(chosen->rule, &chosen->selector, &names, &own) < 0 ||
			     is_about(chosen->rule, file->path, &chosen->about, &own) < 0)) {
		if (own.code == ERR_NOMEM) {
			*err = own;
			return -1;
		}
		chosen->rule = NULL;
		entry->broken = true;
		entry->err = own;
	}
	if (entry->broken)
		return tell_broken(check, entry, err);
	if (!chosen->rule)
		return 0;
	chosen->others = names || chosen->about;
	return 0;
}

static bool is_object(const struct doc_node *item)
{
	return doc_get_str(item, "apiVersion").len && doc_get_str(item, "kind").len;
}

static int look(struct check *check, const struct path_file *file, const struct chosen *chosen,
		const struct doc_node *item, const char *more, struct err *err)
{
	CLEANUP(clear_release)
	struct clear clear = {
		.item = item,
		.secret = is_object(item) && item_is_secret(item),
		.field = BUF_INIT(LEAVES_PATH_MAX),
	};

	if (!clear.secret && !chosen->others)
		return 0;
	if (leaves_walk(item, &chosen->selector, visit, &clear, err) < 0)
		return err_wrap(err, "%s", file->shown);
	return clear.count ? tell(check, file, &clear, chosen->rule, more, err) : 0;
}

static int look_in_list(struct check *check, const struct path_file *file,
			const struct chosen *chosen, const struct doc_node *item, struct err *err)
{
	const struct doc_node *items = doc_get(item, "items"), *kid;

	if (!item_is(item, "", "List") || !items || items->kind != DOC_LIST)
		return look(check, file, chosen, item, "", err);
	doc_each (kid, items) {
		if (kid->kind == DOC_MAP && look(check, file, chosen, kid, "", err) < 0)
			return -1;
	}
	return 0;
}

/* Most files have no rule that counts: only then a file is read. */
static int read_file(const struct path_file *file, struct doc *doc, bool *ret_read, struct err *err)
{
	enum doc_format format = doc_format_of_path(span_str(file->path));
	struct err own = ERR_INIT;

	*ret_read = false;
	if (file->binary || format == DOC_BINARY)
		return 0;
	*ret_read = doc_read(format, file->text, doc, &own) == 0;
	if (own.code != ERR_NOMEM)
		return 0;
	*err = own;
	return -1;
}

int check_clear_file(struct check *check, const struct path_file *file, struct err *err)
{
	CLEANUP(chosen_release) struct chosen chosen = {.rule = NULL};
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct clear whole = {.count = 1};
	const struct doc_node *branch;
	bool read = false;

	if (!file->binary && !file->text.len)
		return 0;
	if (choose(check, file, &chosen, err) < 0)
		return -1;
	if (!chosen.rule)
		return 0;
	if (read_file(file, &doc, &read, err) < 0)
		return -1;
	if (!read)
		return chosen.about ? tell(check, file, &whole, chosen.rule, "", err) : 0;
	for (branch = doc.first; branch; branch = branch->next) {
		if (look_in_list(check, file, &chosen, branch, err) < 0)
			return -1;
	}
	return 0;
}

int check_clear_branch(struct check *check, const struct path_file *file,
		       const struct sops_meta *meta, const struct doc_node *branch, struct err *err)
{
	CLEANUP(chosen_release) struct chosen chosen = {.rule = NULL};

	if (choose(check, file, &chosen, err) < 0)
		return -1;
	if (!chosen.rule)
		return 0;
	if (!meta)
		return look_in_list(check, file, &chosen, branch, err);
	if (chosen.rule->kind == meta->rule && span_eq(chosen.rule->text, meta->rule_text))
		return 0;
	return look(check, file, &chosen, branch, ", and the file was encrypted by another rule",
		    err);
}

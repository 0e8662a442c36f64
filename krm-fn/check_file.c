/* SPDX-License-Identifier: Apache-2.0
 *
 * One file of a repository; see check.h. Is it a SOPS document, or a stream of such as Flux takes it, and is all of it as its own rule says? What
 * is no SOPS document is held to the repository's creation rules.
 */
#include "check.h"

#include "base/text.h"
#include "leaves.h"
#include "sops_file.h"
#include "sops/sops_value.h"

#define TOKEN_BEGIN SPAN("ENC[AES256_GCM")

enum { TAG_LEN = 16 /* bytes of the tag of AES-GCM as sops writes it */ };

/* One document (a branch, or all of a stream that is one) under way. */
struct look {
	struct check *check;
	const struct path_file *file;
	const struct doc_node *branch;
	const struct sops_meta *meta;
	uint32_t line; /* of its `sops` entry */
	size_t bad;    /* findings of it */
	bool filled;   /* it has a value that is not empty */
	bool reached;  /* its rule says encrypted of something in it */
};

static int add(struct look *look, uint32_t line, struct span field, const char *what,
	       struct err *err)
{
	const struct finding_at at = {
		.path = look->file->shown,
		.line = line,
		.item = look->branch,
		.field = field,
	};

	look->bad++;
	return findings_add(&look->check->findings, &at, err, "%s", what);
}

static int measure(struct span text, bool *ret_good, size_t *ret_len, struct err *err)
{
	CLEAN_BUF struct buf bytes = BUF_INIT(DOC_INPUT_MAX);

	*ret_good = base64_decode(BASE64_GO, text, &bytes) == 0;
	*ret_len = bytes.len;
	return buf_check(&bytes, err);
}

/* What no key would open: not the form of a ciphertext, or parts that are not base64, or a tag of another length. */
static int is_malformed(struct span text, bool *ret_malformed, struct err *err)
{
	struct sops_value value;
	struct err why = ERR_INIT;
	bool data, nonce, tag;
	size_t len;

	*ret_malformed = true;
	if (sops_value_parse(text, &value, &why) < 0)
		return 0;
	if (measure(value.data, &data, &len, err) < 0 ||
	    measure(value.nonce, &nonce, &len, err) < 0 || measure(value.tag, &tag, &len, err) < 0)
		return -1;
	*ret_malformed = !data || !nonce || !tag || len != TAG_LEN;
	return 0;
}

static int visit(void *cookie, const struct leaf *leaf, struct err *err)
{
	struct look *look = cookie;
	const struct doc_node *node = leaf->node;
	bool malformed = false;

	look->reached = look->reached || leaf->encrypted;
	/* Comments are outside of every MAC, and sops keeps the ones that it can not open. */
	if (node->kind == DOC_COMMENT || node->kind == DOC_MAP || node->kind == DOC_LIST ||
	    leaf_is_empty(node))
		return 0;
	look->filled = true;
	if (node->kind == DOC_STRING && span_starts(node->str, TOKEN_BEGIN) &&
	    is_malformed(node->str, &malformed, err) < 0)
		return -1;
	if (malformed)
		return add(look, node->line, leaf->shown, "malformed ciphertext", err);
	if (leaf->encrypted && !leaf_is_token(node))
		return add(look, node->line, leaf->shown,
			   "in the clear, where the file's own rule says encrypted", err);
	if (!leaf->encrypted && leaf_is_token(node))
		return add(look, node->line, leaf->shown,
			   "ciphertext, where the file's own rule says in the clear", err);
	return 0;
}

static int look_at_leaves(struct look *look, struct err *err)
{
	CLEAN_SOPS_RULE struct sops_rule rule = {.regex = NULL};
	struct err own = ERR_INIT;

	if (sops_rule_init(look->meta, &look->check->patterns, &rule, &own) == 0 &&
	    leaves_walk(look->branch, &rule, visit, look, &own) == 0)
		return 0;
	if (own.code == ERR_NOMEM) {
		*err = own;
		return -1;
	}
	return add(look, look->line, SPAN("sops"), own.msg, err);
}

static int look_at_box(struct look *look, const struct sops_key *key, struct err *err)
{
	struct err own = ERR_INIT;

	if (check_box(key, &own) == 0)
		return 0;
	if (own.code == ERR_NOMEM) {
		*err = own;
		return -1;
	}
	(void)err_wrap(&own, "the entry for %s '%s'", sops_key_type_name(key->type),
		       text_quote(key->id).text);
	return add(look, look->line, SPAN("sops"), own.msg, err);
}

static int look_at_keys(struct look *look, struct err *err)
{
	const struct sops_group *group;
	const struct sops_key *key;

	for (group = look->meta->groups; group; group = group->next) {
		if (!group->keys && add(look, look->line, SPAN("sops.key_groups"),
					"a key group without keys", err) < 0)
			return -1;
		for (key = group->keys; key; key = key->next) {
			if (look_at_box(look, key, err) < 0)
				return -1;
		}
	}
	if (look->meta->group_count > 1 &&
	    look->meta->shamir_threshold > (int64_t)look->meta->group_count)
		return add(look, look->line, SPAN("sops.shamir_threshold"),
			   "more than there are key groups: nobody can open this", err);
	return 0;
}

static int look_at_mac(struct look *look, struct err *err)
{
	bool malformed = false;

	if (!look->meta->mac.len)
		return add(look, look->line, SPAN("sops.mac"), "missing", err);
	if (is_malformed(look->meta->mac, &malformed, err) < 0)
		return -1;
	if (malformed)
		return add(look, look->line, SPAN("sops.mac"), "malformed ciphertext", err);
	return 0;
}

/* A document whose metadata has been read and taken out. */
static int look_at_document(struct check *check, const struct path_file *file,
			    const struct sops_meta *meta, const struct doc_node *first,
			    uint32_t line, bool siblings, bool *ret_good, struct err *err)
{
	struct look look = {
		.check = check,
		.file = file,
		.branch = first,
		.meta = meta,
		.line = line,
	};

	check->documents++;
	if (look_at_mac(&look, err) < 0 || look_at_keys(&look, err) < 0)
		return -1;
	for (; look.branch; look.branch = siblings ? look.branch->next : NULL) {
		if (look_at_leaves(&look, err) < 0 ||
		    check_clear_branch(check, file, meta, look.branch, err) < 0)
			return -1;
	}
	/* Values of a chart under a creation rule that was written for Secrets: sops says nothing. */
	look.branch = first;
	if (look.filled && !look.reached && !look.bad &&
	    add(&look, line, SPAN("sops"),
		"nothing is encrypted: the file's own rule fits nothing in it", err) < 0)
		return -1;
	*ret_good = look.bad == 0;
	return 0;
}

/* Metadata that can not be read is a finding; 1 then. */
static int tell_metadata(struct check *check, const struct path_file *file,
			 const struct doc_node *branch, uint32_t line, const struct err *own,
			 struct err *err)
{
	const struct finding_at at = {
		.path = file->shown,
		.line = line,
		.item = branch,
		.field = SPAN("sops"),
	};

	if (own->code == ERR_NOMEM) {
		*err = *own;
		return -1;
	}
	check->documents++;
	return findings_add(&check->findings, &at, err, "%s", own->msg) < 0 ? -1 : 1;
}

static int check_one(struct check *check, const struct path_file *file, struct doc *doc,
		     enum doc_format format, struct err *err)
{
	const struct doc_node *block = doc_get(doc->first, "sops");
	uint32_t line = block ? block->line : 0;
	struct sops_meta meta = {.groups = NULL};
	struct err own = ERR_INIT;
	bool good = false;

	if (sops_meta_take(doc, format, &meta, &own) < 0)
		return tell_metadata(check, file, doc->first, line, &own, err) < 0 ? -1 : 0;
	if (look_at_document(check, file, &meta, doc->first, line, true, &good, err) < 0)
		return -1;
	return good ? check_keys_add(check, file, format, false, err) : 0;
}

static int check_branches(struct check *check, const struct path_file *file, struct doc *doc,
			  struct err *err)
{
	bool all_good = true;
	struct doc_node *branch;

	for (branch = doc->first; branch; branch = branch->next) {
		struct doc_node *block = doc_get(branch, "sops");
		struct sops_meta meta = {.groups = NULL};
		struct err own = ERR_INIT;
		bool good = false;

		if (!sops_file_has_metadata(branch, DOC_YAML)) {
			if (check_clear_branch(check, file, NULL, branch, err) < 0)
				return -1;
			continue;
		}
		doc_remove(branch, block);
		if (sops_meta_parse(doc, block, &meta, &own) < 0) {
			if (tell_metadata(check, file, branch, block->line, &own, err) < 0)
				return -1;
		} else if (look_at_document(check, file, &meta, branch, block->line, false, &good,
					    err) < 0) {
			return -1;
		}
		all_good = all_good && good;
	}
	return all_good ? check_keys_add(check, file, DOC_YAML, true, err) : 0;
}

int check_file(struct check *check, const struct path_file *file, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct finding_at at = {.path = file->shown};
	enum doc_format format = DOC_YAML;
	struct err own = ERR_INIT;
	int r;

	check->files++;
	if (check_key(check, file, err) < 0)
		return -1;
	if (file->binary || !sops_file_maybe(file->text))
		return check_clear_file(check, file, err);
	r = sops_file_read(file->path, file->text, &doc, &format, &own);
	if (r < 0) {
		*err = own;
		return -1;
	}
	if (r > 0 && own.code != ERR_NONE && sops_file_was(file->path, file->text))
		return findings_add(&check->findings, &at, err, "can not be read: %s", own.msg);
	if (r > 0)
		return check_clear_file(check, file, err);
	if (sops_file_is_one(&doc, format))
		return check_one(check, file, &doc, format, err);
	if (file->named)
		return check_stream(check, file->shown, &doc, err);
	return check_branches(check, file, &doc, err);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the operator's policy; see policy.h. The schema is closed: an unknown field is an error, as a bound that is misspelt must not be
 * taken for none.
 */
#include "policy.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
	struct policy *policy;
	const char *path;
};

/* One entry of a map: how it is called, who reads it. */
struct field {
	const char *name;
	int (*read)(struct reader *reader, const char *where, const struct doc_node *node,
		    struct err *err);
};

enum {
	WHERE_MAX = 128 /* bytes of "spec.keys.azure_kv" and the like */,
	LIMIT_MAX =
		1000 * 1000 *
		1000, /* of limits.files and limits.bytes: the arena of a search holds no more */
};

static const char *const mac_names[] = {
	[POLICY_MAC_IGNORE] = "ignore",
	[POLICY_MAC_AUTO] = "auto",
	[POLICY_MAC_VERIFY] = "verify",
};

const char *policy_mac_name(enum policy_mac mode)
{
	return mac_names[mode];
}

bool policy_mac_parse(struct span name, enum policy_mac *ret_mode)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(mac_names); i++) {
		if (span_is(name, mac_names[i])) {
			*ret_mode = (enum policy_mac)i;
			return true;
		}
	}
	return false;
}

static int bad(const struct reader *reader, const struct doc_node *node, struct err *err,
	       const char *what, const char *where)
{
	return err_set(err, ERR_FORMAT, "policy '%s': line %u: '%s' %s",
		       text_quote(span_str(reader->path)).text, node->line, where, what);
}

/* Every entry of the map by the table; `where` is the map's own path, "" at the top. */
static int read_map(struct reader *reader, const char *where, const struct doc_node *map,
		    const struct field *fields, size_t n, struct err *err)
{
	const struct doc_node *kid;
	char path[WHERE_MAX];
	size_t i;

	if (map->kind != DOC_MAP)
		return bad(reader, map, err, "is not a map", *where ? where : "the document");
	doc_each (kid, map) {
		if (!kid->key.data)
			continue; /* a comment */
		for (i = 0; i < n; i++) {
			if (span_is(kid->key, fields[i].name))
				break;
		}
		if (i == n)
			return err_set(err, ERR_FORMAT,
				       "policy '%s': line %u: unknown field '%s%s%s'",
				       text_quote(span_str(reader->path)).text, kid->line, where,
				       *where ? "." : "", text_quote(kid->key).text);
		snprintf(path, sizeof(path), "%s%s%s", where, *where ? "." : "", fields[i].name);
		if (fields[i].read(reader, path, kid, err) < 0)
			return -1;
	}
	return 0;
}

/* What an entry's star may stand for. */
enum star {
	STAR_ANY,  /* any end of the text */
	STAR_PATH, /* of an address only what follows its host: "https://vault.example.com*" would let "….com.evil.org" in */
	STAR_NEVER,
};

static bool star_fits(struct span entry, enum star star)
{
	size_t at = span_find(entry, 0, '*'), slashes = 0, i;

	if (at == entry.len)
		return true;
	if (at + 1 < entry.len || star == STAR_NEVER)
		return false;
	for (i = 0; i < at; i++)
		slashes += entry.data[i] == '/';
	return star == STAR_ANY || slashes > 2;
}

static int read_list(struct reader *reader, const char *where, const struct doc_node *node,
		     enum star star, struct policy_list *list, struct err *err)
{
	const struct doc_node *kid;
	size_t n = 0;

	if (node->kind != DOC_LIST)
		return bad(reader, node, err, "is not a list", where);
	doc_each (kid, node)
		n++;
	list->entries = arena_alloc(&reader->policy->arena, n * sizeof(*list->entries), err);
	if (!list->entries)
		return -1;
	doc_each (kid, node) {
		struct span *entry = &list->entries[list->count];

		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind != DOC_STRING || kid->str.len == 0)
			return bad(reader, kid, err, "has an entry that is not a text", where);
		if (!star_fits(kid->str, star))
			return bad(reader, kid, err,
				   "has an entry with a '*' in a place where it has no meaning",
				   where);
		if (arena_dup(&reader->policy->arena, kid->str, entry, err) < 0)
			return -1;
		list->count++;
	}
	list->given = true;
	return 0;
}

static int read_text(struct reader *reader, const char *where, const struct doc_node *node,
		     const char *must, struct err *err)
{
	char what[WHERE_MAX];

	if (node->kind == DOC_STRING && span_is(node->str, must))
		return 0;
	snprintf(what, sizeof(what), "is not '%s'", must);
	return bad(reader, node, err, what, where);
}

static int read_api_version(struct reader *reader, const char *where, const struct doc_node *node,
			    struct err *err)
{
	return read_text(reader, where, node, "krm-sops.dev/v1alpha1", err);
}

static int read_kind(struct reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	return read_text(reader, where, node, "Policy", err);
}

/* Names, labels and annotations say nothing about bounds. */
static int read_metadata(struct reader *reader, const char *where, const struct doc_node *node,
			 struct err *err)
{
	return node->kind == DOC_MAP ? 0 : bad(reader, node, err, "is not a map", where);
}

static int read_mac(struct reader *reader, const char *where, const struct doc_node *node,
		    struct err *err)
{
	if (node->kind == DOC_STRING && policy_mac_parse(node->str, &reader->policy->mac))
		return 0;
	return bad(reader, node, err, "is none of 'ignore', 'auto', 'verify'", where);
}

static int read_namespaces(struct reader *reader, const char *where, const struct doc_node *node,
			   struct err *err)
{
	return read_list(reader, where, node, STAR_ANY, &reader->policy->namespaces, err);
}

static int read_keys(struct reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	const struct doc_node *kid;
	char path[WHERE_MAX];
	bool is_url;
	int type;

	if (node->kind != DOC_MAP)
		return bad(reader, node, err, "is not a map", where);
	doc_each (kid, node) {
		if (!kid->key.data)
			continue;
		for (type = 0; type < SOPS_KEY_TYPES; type++) {
			if (span_is(kid->key, sops_key_type_name((enum sops_key_type)type)))
				break;
		}
		if (type == SOPS_KEY_TYPES)
			return err_set(err, ERR_FORMAT,
				       "policy '%s': line %u: unknown field '%s.%s'",
				       text_quote(span_str(reader->path)).text, kid->line, where,
				       text_quote(kid->key).text);
		is_url = type == SOPS_KEY_AZURE_KV || type == SOPS_KEY_HC_VAULT;
		snprintf(path, sizeof(path), "%s.%s", where,
			 sops_key_type_name((enum sops_key_type)type));
		if (read_list(reader, path, kid, is_url ? STAR_PATH : STAR_ANY,
			      &reader->policy->keys[type], err) < 0)
			return -1;
	}
	return 0;
}

static int read_addresses(struct reader *reader, const char *where, const struct doc_node *node,
			  struct err *err)
{
	return read_list(reader, where, node, STAR_NEVER, &reader->policy->vault_addresses, err);
}

static int read_vault(struct reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	static const struct field fields[] = {{"addresses", read_addresses}};

	return read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_roles(struct reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	return read_list(reader, where, node, STAR_ANY, &reader->policy->aws_roles, err);
}

static int read_process(struct reader *reader, const char *where, const struct doc_node *node,
			struct err *err)
{
	if (node->kind != DOC_BOOL)
		return bad(reader, node, err, "is neither true nor false", where);
	reader->policy->aws_process = node->boolean;
	return 0;
}

static int read_aws(struct reader *reader, const char *where, const struct doc_node *node,
		    struct err *err)
{
	static const struct field fields[] = {{"roles", read_roles},
					      {"credentialProcess", read_process}};

	return read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_limit(struct reader *reader, const char *where, const struct doc_node *node,
		      size_t *ret, struct err *err)
{
	if (node->kind != DOC_INT || node->integer < 0 || node->integer > LIMIT_MAX)
		return bad(reader, node, err, "is not a number from 0 to 1000000000", where);
	*ret = (size_t)node->integer;
	return 0;
}

static int read_files(struct reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	return read_limit(reader, where, node, &reader->policy->files_max, err);
}

static int read_bytes(struct reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	return read_limit(reader, where, node, &reader->policy->bytes_max, err);
}

static int read_limits(struct reader *reader, const char *where, const struct doc_node *node,
		       struct err *err)
{
	static const struct field fields[] = {{"files", read_files}, {"bytes", read_bytes}};

	return read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_spec(struct reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	static const struct field fields[] = {
		{"mac", read_mac},   {"namespaces", read_namespaces},
		{"keys", read_keys}, {"vault", read_vault},
		{"aws", read_aws},   {"limits", read_limits},
	};

	return read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

int policy_parse(struct span text, const char *path, struct policy *ret_policy, struct err *err)
{
	static const struct field fields[] = {
		{"apiVersion", read_api_version},
		{"kind", read_kind},
		{"metadata", read_metadata},
		{"spec", read_spec},
	};
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	struct reader reader = {.policy = &policy, .path = path};

	if (doc_read(DOC_YAML, text, &doc, err) < 0)
		return err_wrap(err, "policy '%s'", text_quote(span_str(path)).text);
	if (!doc.first || doc.first->next)
		return err_set(err, ERR_FORMAT, "policy '%s' is not a single document",
			       text_quote(span_str(path)).text);
	if (read_map(&reader, "", doc.first, fields, ARRAY_LEN(fields), err) < 0)
		return -1;
	if (!doc_get(doc.first, "apiVersion") || !doc_get(doc.first, "kind"))
		return err_set(err, ERR_FORMAT, "policy '%s' has no apiVersion or no kind",
			       text_quote(span_str(path)).text);
	policy.path = path;
	policy_release(ret_policy);
	*ret_policy = policy;
	policy = (struct policy)POLICY_INIT;
	return 0;
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Reads the file whole. Asked of the open file, so that it can not be swapped after the look at its mode. */
static int read_file(const char *path, struct buf *ret, struct err *err)
{
	CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	uint8_t *room;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot read policy '%s'", text_quote(span_str(path)).text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_POLICY, "policy '%s' is not a regular file",
			       text_quote(span_str(path)).text);
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		(void)err_set(err, ERR_POLICY,
			      "policy '%s' may be written by others than its owner",
			      text_quote(span_str(path)).text);
		return err_hint(err, "chmod go-w '%s'", text_quote(span_str(path)).text);
	}
	do {
		room = buf_room(ret, (size_t)4096);
		if (!room)
			return buf_check(ret, err) < 0 ? err_wrap(err, "policy '%s'",
								  text_quote(span_str(path)).text)
						       : 0;
		got = read(fd, room, 4096);
		if (got < 0 && errno != EINTR)
			return err_errno(err, "cannot read policy '%s'",
					 text_quote(span_str(path)).text);
		ret->len += got > 0 ? (size_t)got : 0;
	} while (got != 0);
	return 0;
}

int policy_load(struct policy *ret_policy, struct err *err)
{
	const char *named = getenv("KRM_SOPS_POLICY");
	const char *path = named && *named ? named : POLICY_PATH;
	CLEAN_BUF struct buf text = BUF_INIT(POLICY_FILE_MAX);

	if (read_file(path, &text, err) < 0) {
		if (err->code == ERR_NOT_FOUND && path != named) {
			*err = (struct err)ERR_INIT;
			return 0;
		}
		return -1;
	}
	return policy_parse(buf_span(&text), path, ret_policy, err);
}

void policy_release(struct policy *policy)
{
	if (!policy)
		return;
	arena_release(&policy->arena);
	*policy = (struct policy)POLICY_INIT;
}

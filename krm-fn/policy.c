/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the operator's policy; see policy.h. The schema is closed: an unknown field is an error, as a bound that is misspelt must not be
 * taken for none.
 */
#include "policy_read.h"

#include "base/text.h"

#include <stdio.h>

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

static int read_text(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     const char *must, struct err *err)
{
	char what[POLICY_WHERE_MAX];

	if (node->kind == DOC_STRING && span_is(node->str, must))
		return 0;
	snprintf(what, sizeof(what), "is not '%s'", must);
	return policy_bad(reader, node, err, what, where);
}

static int read_api_version(struct policy_reader *reader, const char *where,
			    const struct doc_node *node, struct err *err)
{
	return read_text(reader, where, node, "krm-sops.dev/v1alpha1", err);
}

static int read_kind(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	return read_text(reader, where, node, "Policy", err);
}

/* Names, labels and annotations say nothing about bounds. */
static int read_metadata(struct policy_reader *reader, const char *where,
			 const struct doc_node *node, struct err *err)
{
	return node->kind == DOC_MAP ? 0 : policy_bad(reader, node, err, "is not a map", where);
}

static int read_mac(struct policy_reader *reader, const char *where, const struct doc_node *node,
		    struct err *err)
{
	if (node->kind == DOC_STRING && policy_mac_parse(node->str, &reader->policy->mac))
		return 0;
	return policy_bad(reader, node, err, "is none of 'ignore', 'auto', 'verify'", where);
}

static int read_namespaces(struct policy_reader *reader, const char *where,
			   const struct doc_node *node, struct err *err)
{
	return policy_read_list(reader, where, node, POLICY_STAR_ANY, &reader->policy->namespaces,
				err);
}

static int read_keys(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	return policy_read_keys(reader, where, node, reader->policy->keys, err);
}

static int read_addresses(struct policy_reader *reader, const char *where,
			  const struct doc_node *node, struct err *err)
{
	return policy_read_list(reader, where, node, POLICY_STAR_NEVER,
				&reader->policy->vault_addresses, err);
}

static int read_vault(struct policy_reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	static const struct policy_field fields[] = {{"addresses", read_addresses}};

	return policy_read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_roles(struct policy_reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	return policy_read_list(reader, where, node, POLICY_STAR_ANY, &reader->policy->aws_roles,
				err);
}

static int read_switch(struct policy_reader *reader, const char *where, const struct doc_node *node,
		       bool *ret, struct err *err)
{
	if (node->kind != DOC_BOOL)
		return policy_bad(reader, node, err, "is neither true nor false", where);
	*ret = node->boolean;
	return 0;
}

static int read_process(struct policy_reader *reader, const char *where,
			const struct doc_node *node, struct err *err)
{
	return read_switch(reader, where, node, &reader->policy->aws_process, err);
}

static int read_aws(struct policy_reader *reader, const char *where, const struct doc_node *node,
		    struct err *err)
{
	static const struct policy_field fields[] = {{"roles", read_roles},
						     {"credentialProcess", read_process}};

	return policy_read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_cli(struct policy_reader *reader, const char *where, const struct doc_node *node,
		    struct err *err)
{
	return read_switch(reader, where, node, &reader->policy->azure_cli, err);
}

static int read_azure(struct policy_reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	static const struct policy_field fields[] = {{"cli", read_cli}};

	return policy_read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_exec(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	return read_switch(reader, where, node, &reader->policy->cluster_exec, err);
}

static int read_cluster(struct policy_reader *reader, const char *where,
			const struct doc_node *node, struct err *err)
{
	static const struct policy_field fields[] = {{"execPlugins", read_exec}};

	return policy_read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_limit(struct policy_reader *reader, const char *where, const struct doc_node *node,
		      size_t *ret, struct err *err)
{
	if (node->kind != DOC_INT || node->integer < 0 || node->integer > POLICY_LIMIT_MAX)
		return policy_bad(reader, node, err, "is not a number from 0 to 1000000000", where);
	*ret = (size_t)node->integer;
	return 0;
}

static int read_files(struct policy_reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	return read_limit(reader, where, node, &reader->policy->files_max, err);
}

static int read_bytes(struct policy_reader *reader, const char *where, const struct doc_node *node,
		      struct err *err)
{
	return read_limit(reader, where, node, &reader->policy->bytes_max, err);
}

static int read_limits(struct policy_reader *reader, const char *where, const struct doc_node *node,
		       struct err *err)
{
	static const struct policy_field fields[] = {{"files", read_files}, {"bytes", read_bytes}};

	return policy_read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

static int read_spec(struct policy_reader *reader, const char *where, const struct doc_node *node,
		     struct err *err)
{
	static const struct policy_field fields[] = {
		{"mac", read_mac},
		{"namespaces", read_namespaces},
		{"keys", read_keys},
		{"vault", read_vault},
		{"aws", read_aws},
		{"azure", read_azure},
		{"cluster", read_cluster},
		{"limits", read_limits},
		{"keySets", policy_read_key_sets},
	};

	return policy_read_map(reader, where, node, fields, ARRAY_LEN(fields), err);
}

int policy_parse(struct span text, const char *path, struct policy *ret_policy, struct err *err)
{
	static const struct policy_field fields[] = {
		{"apiVersion", read_api_version},
		{"kind", read_kind},
		{"metadata", read_metadata},
		{"spec", read_spec},
	};
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_POLICY struct policy policy = POLICY_INIT;
	struct policy_reader reader = {.policy = &policy, .path = path};

	if (doc_read(DOC_YAML, text, &doc, err) < 0)
		return err_wrap(err, "policy '%s'", text_quote(span_str(path)).text);
	if (!doc.first || doc.first->next)
		return err_set(err, ERR_FORMAT, "policy '%s' is not a single document",
			       text_quote(span_str(path)).text);
	if (policy_read_map(&reader, "", doc.first, fields, ARRAY_LEN(fields), err) < 0)
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

void policy_release(struct policy *policy)
{
	if (!policy)
		return;
	arena_release(&policy->arena);
	*policy = (struct policy)POLICY_INIT;
}

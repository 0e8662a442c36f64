/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over the leaves of a document; see leaves.h. The rule's state is carried as the walk of decryption carries it (sops_tree.c).
 */
#include "leaves.h"

#include "base/text.h"
#include "sops/sops_value.h"

struct walk {
	const struct sops_rule *rule;
	leaves_visit *visit;
	void *cookie;
	struct buf path, shown;
};

static void release(struct walk *walk)
{
	buf_release(&walk->path);
	buf_release(&walk->shown);
}

bool leaf_is_token(const struct doc_node *node)
{
	return node->kind == DOC_STRING && sops_value_is(node->str);
}

bool leaf_is_empty(const struct doc_node *node)
{
	return node->kind == DOC_NULL || (node->kind == DOC_STRING && node->str.len == 0);
}

static void push_key(struct walk *walk, struct span key)
{
	size_t i;

	if (walk->path.len)
		buf_add_char(&walk->path, '.');
	for (i = 0; i < key.len; i++) {
		if (key.data[i] == '.' || key.data[i] == '\\')
			buf_add_char(&walk->path, '\\');
		buf_add_char(&walk->path, key.data[i]);
	}
	if (walk->shown.len)
		buf_add_char(&walk->shown, '.');
	buf_add_span(&walk->shown, key);
}

static int visit_leaf(struct walk *walk, const struct doc_node *node,
		      const struct sops_rule_state *state, struct err *err)
{
	struct leaf leaf = {
		.node = node,
		.path = buf_span(&walk->path),
		.shown = buf_span(&walk->shown),
		.encrypted = walk->rule &&
			     sops_rule_encrypts(walk->rule, state, node->kind == DOC_COMMENT),
	};

	if (buf_check(&walk->path, err) < 0 || buf_check(&walk->shown, err) < 0)
		return -1;
	return walk->visit(walk->cookie, &leaf, err);
}

static int visit_kids(struct walk *walk, const struct doc_node *parent,
		      struct sops_rule_state state, struct err *err);

/* state is the parent's, with the key's own decision in it. */
static int visit_node(struct walk *walk, const struct doc_node *node,
		      const struct sops_rule_state *state, struct err *err)
{
	if ((node->kind != DOC_MAP && node->kind != DOC_LIST) || !node->kids.first)
		return visit_leaf(walk, node, state, err);
	return visit_kids(walk, node, *state, err);
}

static int visit_kids(struct walk *walk, const struct doc_node *parent,
		      struct sops_rule_state state, struct err *err)
{
	size_t path_len = walk->path.len, shown_len = walk->shown.len, position = 0;
	const struct doc_node *kid;

	sops_rule_enter(&state);
	doc_each (kid, parent) {
		struct sops_rule_state here;

		if (kid->kind == DOC_COMMENT) {
			if (walk->rule && sops_rule_comment(walk->rule, kid->str, &state, err) < 0)
				return -1;
			if (visit_leaf(walk, kid, &state, err) < 0)
				return -1;
			continue;
		}
		here = state;
		if (kid->key.data) {
			push_key(walk, kid->key);
			if (walk->rule && sops_rule_key(walk->rule, kid->key, &here, err) < 0)
				return -1;
		} else {
			buf_printf(&walk->shown, "[%zu]", position++);
		}
		if (visit_node(walk, kid, &here, err) < 0)
			return -1;
		buf_cut(&walk->path, path_len);
		buf_cut(&walk->shown, shown_len);
		sops_rule_pass(&state);
	}
	return 0;
}

int leaves_walk(const struct doc_node *branch, const struct sops_rule *rule, leaves_visit *visit,
		void *cookie, struct err *err)
{
	CLEANUP(release)
	struct walk walk = {
		.rule = rule,
		.visit = visit,
		.cookie = cookie,
		.path = BUF_INIT(LEAVES_PATH_MAX),
		.shown = BUF_INIT(LEAVES_PATH_MAX),
	};
	struct sops_rule_state state = {.key_hit = false};

	if (branch->kind != DOC_MAP && branch->kind != DOC_LIST)
		return visit_leaf(&walk, branch, &state, err);
	return visit_kids(&walk, branch, state, err);
}

/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk; see sops_tree.h. Its cost is one look at each key and one decryption for each value: the additional data is one buffer that
 * keys are pushed to and popped from, the rule's answer is inherited.
 */
#include "sops/sops_tree.h"

#include "base/text.h"

enum {
	AAD_MAX = DOC_INPUT_MAX, /* bytes of all keys on a path */
	PATH_MAX_SHOWN = 300,    /* bytes of a path in a message */
};

struct walk {
	struct sops_tree *tree;
	struct buf *aad; /* the keys on the path, each with its colon */
};

/* One map or list on the way down, on the stack; read only to word a message. */
struct frame {
	const struct frame *up;
	const struct doc_node *at; /* the entry under way */
	size_t index;              /* of a list */
	bool list;
};

static int walk_kids(struct walk *walk, const struct frame *up, struct doc_node *node,
		     struct sops_rule_state state, struct err *err);

static void add_place(const struct frame *frame, struct buf *out)
{
	if (!frame)
		return;
	add_place(frame->up, out);
	if (frame->list) {
		buf_printf(out, "[%zu]", frame->index);
	} else if (frame->at->key.data) {
		if (out->len)
			buf_add_char(out, '.');
		buf_add_str(out, text_quote(frame->at->key).text);
	}
}

/* Puts the path in front of the message. A path too long for it keeps its head. */
static int fail_at(const struct frame *frame, struct err *err)
{
	CLEAN_BUF struct buf place = BUF_INIT(PATH_MAX_SHOWN);

	add_place(frame, &place);
	if (!place.len)
		return -1;
	return err_wrap(err, "%.*s%s", (int)place.len, (const char *)place.data,
			place.bad ? "..." : "");
}

static struct span aad_of(const struct walk *walk)
{
	return walk->aad->len ? buf_span(walk->aad) : SPAN(":");
}

/* What sops looks at in a comment: its first line up to the last bracket. What stands behind, a hand's own words or, in INI, the next
 * comment line, goes when it is decrypted. A value is held to more, see sops_value.c; but a comment is trusted by nobody. */
static struct span token_of_comment(struct span text)
{
	size_t len = span_find(text, 0, '\n');

	while (len > 0 && text.data[len - 1] != ']')
		len--;
	return len ? span_sub(text, 0, len) : text;
}

/* A map's comment or list's comment. One that should be ciphertext and does not open is kept: sops takes it for one that somebody added,
 * and no MAC covers it either way. */
static int open_comment(struct walk *walk, bool in_list, struct doc_node *node, struct err *err)
{
	struct sops_tree *tree = walk->tree;
	struct span text = token_of_comment(node->str);
	struct err own = ERR_INIT;

	if (sops_value_open(tree->opener, sops_value_trim(text), aad_of(walk), node, &own) < 0) {
		if (own.code != ERR_VALUE) {
			*err = own;
			return -1;
		}
		tree->warnings++;
		return 0;
	}
	if (text.len)
		node->flags |= DOC_OPENED;
	/* An opened comment stands on a line of its own: sops forgets where it stood when it decrypts. In a list, what opens to a value
	 * becomes one; in a map only text can be a comment. sops: sops.go (walkSlice, walkBranch) */
	if (node->kind == DOC_COMMENT || in_list) {
		node->flags &= (uint8_t)~DOC_INLINE;
		return 0;
	}
	if (node->kind != DOC_STRING)
		return err_set(err, ERR_VALUE, "a comment that holds a value of another type");
	return 0;
}

static int open_value(struct walk *walk, bool in_list, struct doc_node *node, struct err *err)
{
	struct span text = node->kind == DOC_STRING ? node->str : SPAN_NULL;

	if (walk->tree->merged && !span_starts(text, SPAN("ENC[AES256_GCM,")))
		return 0;
	if (node->kind != DOC_STRING)
		return err_set(err, ERR_VALUE,
			       "a value in the clear where an encrypted one belongs");
	if (sops_value_open(walk->tree->opener, text, aad_of(walk), node, err) < 0)
		return -1;
	if (text.len)
		node->flags |= DOC_OPENED;
	/* In a list this is how sops writes a comment. Differs: in a map it prints the comment's fields. */
	if (node->kind == DOC_COMMENT && !in_list)
		return err_set(err, ERR_VALUE, "a value of type 'comment'");
	return 0;
}

static int walk_leaf(struct walk *walk, bool in_list, const struct sops_rule_state *state,
		     struct doc_node *node, struct err *err)
{
	struct sops_tree *tree = walk->tree;
	bool comment = node->kind == DOC_COMMENT;
	bool encrypted = sops_rule_encrypts(tree->rule, state, comment);

	if (node->kind == DOC_NULL)
		return 0;
	if (node->kind == DOC_UINT)
		return err_set(err, ERR_VALUE, "a number beyond 64 bits with sign");
	if (encrypted && comment && open_comment(walk, in_list, node, err) < 0)
		return -1;
	if (encrypted && !comment && open_value(walk, in_list, node, err) < 0)
		return -1;
	if ((!tree->only_encrypted || encrypted) && sops_mac_add(tree->mac, node, err) < 0)
		return -1;
	/* A map's comment that opened to text went into the MAC as text; sops looks at the type of what came out. */
	if (comment && !in_list)
		node->kind = DOC_COMMENT;
	return 0;
}

static int walk_value(struct walk *walk, const struct frame *frame,
		      const struct sops_rule_state *state, struct doc_node *node, struct err *err)
{
	if (node->kind == DOC_MAP || node->kind == DOC_LIST)
		return walk_kids(walk, frame, node, *state, err);
	if (walk_leaf(walk, frame->list, state, node, err) < 0)
		return fail_at(frame, err);
	return 0;
}

static int walk_entry(struct walk *walk, const struct frame *frame, struct sops_rule_state state,
		      struct doc_node *node, struct err *err)
{
	size_t before = walk->aad->len;
	int r;

	if (node->flags & DOC_KEY_BAD) {
		(void)err_set(err, ERR_VALUE, "a key that is not a string");
		return fail_at(frame, err);
	}
	if (sops_rule_key(walk->tree->rule, node->key, &state, err) < 0)
		return fail_at(frame, err);
	buf_add_span(walk->aad, node->key);
	buf_add_char(walk->aad, ':');
	if (buf_check(walk->aad, err) < 0)
		return fail_at(frame, err);
	r = walk_value(walk, frame, &state, node, err);
	buf_cut(walk->aad, before);
	return r;
}

static int walk_kids(struct walk *walk, const struct frame *up, struct doc_node *node,
		     struct sops_rule_state state, struct err *err)
{
	struct frame frame = {.up = up, .list = node->kind == DOC_LIST};
	const struct sops_rule *rule = walk->tree->rule;
	struct doc_node *kid, *next;
	int r;

	sops_rule_enter(&state);
	for (kid = node->kids.first; kid; kid = next, frame.index++) {
		bool comment = kid->kind == DOC_COMMENT;

		next = kid->next;
		frame.at = kid;
		if (comment && sops_rule_comment(rule, kid->str, &state, err) < 0)
			return fail_at(&frame, err);
		if (comment || frame.list)
			r = walk_value(walk, &frame, &state, kid, err);
		else
			r = walk_entry(walk, &frame, state, kid, err);
		if (r < 0)
			return -1;
		if (!comment)
			sops_rule_pass(&state);
	}
	return 0;
}

int sops_tree_open(struct sops_tree *tree, struct err *err)
{
	CLEAN_BUF struct buf aad = BUF_INIT(AAD_MAX);
	struct walk walk = {.tree = tree, .aad = &aad};
	struct doc_node *branch;
	int r = 0;

	tree->warnings = 0;
	for (branch = tree->first; branch && r == 0; branch = tree->siblings ? branch->next : NULL)
		r = walk_kids(&walk, NULL, branch, (struct sops_rule_state){.key_hit = false}, err);
	return r;
}

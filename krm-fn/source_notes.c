/* SPDX-License-Identifier: Apache-2.0
 *
 * What is odd about an encrypted item whose source was not found: what an attacker without a key could have done to it and its ciphertexts do
 * not show; see source_match.h. design.md, "MAC policy".
 */
#include "source_match.h"

#include "base/text.h"
#include "item_view.h"
#include "leaves.h"

enum { NOTE_MAX = 512 /* bytes of one note */ };

struct notes {
	struct arena *arena;
	struct source_rule *last;
	const struct item_view *view;
	bool secret;
	const char *list[SOURCE_NOTES_MAX];
	size_t count, more;
};

static int add(struct notes *notes, struct span path, const char *what, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(NOTE_MAX);
	const char *copy;

	if (notes->count == SOURCE_NOTES_MAX - 1) {
		notes->more++;
		return 0;
	}
	buf_printf(&text, "%s: %s", text_quote(path).text, what);
	if (buf_check(&text, err) < 0)
		return -1;
	copy = arena_str(notes->arena, buf_span(&text), err);
	if (!copy)
		return -1;
	notes->list[notes->count++] = copy;
	return 0;
}

static int visit(void *cookie, const struct leaf *leaf, struct err *err)
{
	struct notes *notes = cookie;
	bool in_data = notes->view->dotenv || span_starts(leaf->path, SPAN("data.")) ||
		       span_starts(leaf->path, SPAN("stringData."));

	if (leaf->node->kind == DOC_COMMENT || leaf->node->kind == DOC_MAP ||
	    leaf->node->kind == DOC_LIST || item_view_is_metadata(notes->view, leaf->path))
		return 0;
	if (leaf_is_empty(leaf->node))
		return leaf->encrypted ? add(notes, leaf->shown,
					     "empty, where the rule says encrypted", err)
				       : 0;
	if (leaf_is_token(leaf->node))
		return 0;
	if (notes->secret && in_data)
		return add(notes, leaf->shown, "in the clear, in an encrypted Secret", err);
	/* kustomize itself adds to the metadata. */
	if (!notes->secret && leaf->encrypted && !span_starts(leaf->path, SPAN("metadata.")))
		return add(notes, leaf->shown, "in the clear, where the rule says encrypted", err);
	return 0;
}

static int note_leaves(struct notes *notes, struct err *err)
{
	struct sops_rule *rule = &notes->last->rule;

	if (sops_rule_init(&notes->view->meta, &notes->last->work, rule, err) < 0)
		return err->code == ERR_FORMAT ? 0 : -1; /* it will not decrypt either */
	return leaves_walk(notes->view->branch, rule, visit, notes, err);
}

int source_notes(struct doc_node *item, struct source_rule *rule, struct arena *arena,
		 const char ***ret_notes, size_t *ret_count, struct err *err)
{
	CLEAN_ITEM_VIEW struct item_view view = ITEM_VIEW_INIT;
	struct notes notes = {.arena = arena, .last = rule, .view = &view};
	struct span kind = doc_get_str(item, "kind");
	struct err own = ERR_INIT;
	const char **list;
	size_t i;

	notes.secret = span_is(kind, "Secret");
	if (!notes.secret && add(&notes, SPAN("kind"), "not a Secret", err) < 0)
		return -1;
	if (item_view(item, &view, &own) < 0) {
		if (own.code == ERR_NOMEM) {
			*err = own;
			return -1;
		}
	} else if (note_leaves(&notes, &own) < 0) {
		*err = own;
		return -1;
	}
	if (notes.more) {
		CLEAN_BUF struct buf text = BUF_INIT(NOTE_MAX);

		buf_printf(&text, "and %zu more", notes.more);
		if (buf_check(&text, err) < 0)
			return -1;
		notes.list[notes.count] = arena_str(arena, buf_span(&text), err);
		if (!notes.list[notes.count++])
			return -1;
	}
	list = arena_alloc(arena, notes.count * sizeof(*list), err);
	if (!list)
		return -1;
	for (i = 0; i < notes.count; i++)
		list[i] = notes.list[i];
	*ret_notes = list;
	*ret_count = notes.count;
	return 0;
}

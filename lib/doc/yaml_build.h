/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes of YAML to nodes of the document tree: types, keys, anchors, and comments to their places; see yaml_build.c.
 */
#ifndef DOC_YAML_BUILD_H
#define DOC_YAML_BUILD_H

#include "doc/yaml_names.h"
#include "doc/yaml_scan.h"
#include "doc/yaml_value.h"

enum yaml_form { FORM_SCALAR, FORM_ALIAS, FORM_MAP, FORM_LIST };

/* What a name stands for: a map, list or scalar that has an anchor. */
struct yaml_anchor {
	struct doc_node *tree;
	bool open; /* still being read: an alias here would hold itself */
	/* Comments that do not stand inside of it in the tree, but do in its copies: those of a list's element that is a map or list, and
	 * those of a scalar, which matter where a whole document is an alias for a null. */
	const struct doc_node *head, *line, *foot;
	size_t heads, lines, feet;
	/* A document's root: its first kid that is not the document's own comment, and the first behind it that is. */
	bool root;
	struct doc_node *root_first;
	const struct doc_node *root_end;
};

/* A node whose place in the tree is not settled yet: go.yaml.in/yaml/v3: yaml.go (Node). */
struct yaml_node {
	enum yaml_form form;
	enum yaml_tag tag;
	enum yaml_token_style style;
	struct yaml_mark start; /* of its tag or anchor, where it has one */
	uint32_t end;
	struct span text; /* scalar: as it stands, before a tag changes it; alias: its name */
	struct yaml_text head, line, foot;
	struct doc_node scalar;     /* its value */
	struct doc_node *tree;      /* map or list */
	struct yaml_anchor *anchor; /* its name; of an alias what it names */
};

/* A map that is being read. */
struct yaml_map {
	struct doc_node *tree;
	struct yaml_text foot; /* of the entry before; may still be replaced */
	size_t keys;           /* where its keys begin in the builder's list */
	bool block;
};

struct yaml_build {
	struct doc *doc;
	struct span in;
	uint8_t flags;    /* for every node: DOC_ALIASED where offsets are of no use */
	unsigned depth;   /* open maps and lists */
	size_t documents; /* the one that is read included */
	size_t nodes;
	size_t decoded,
		expanded; /* nodes read in this document, and how many of them through aliases */
	struct yaml_names names;
	struct yaml_keys keys;
};

void yaml_build_release(struct yaml_build *b);

/* A new document begins: counts start again; anchors stay known, as in sops. */
void yaml_build_document(struct yaml_build *b);

/* n is a scalar: its value from text, tag and style. */
int yaml_build_scalar(struct yaml_build *b, struct yaml_node *n, struct err *err) NODISCARD;

/* n is a map or list: begins it. */
int yaml_build_open(struct yaml_build *b, struct yaml_node *n, bool flow, struct err *err)
	NODISCARD;

/* One entry of a map; key_start is where it begins. */
int yaml_build_entry(struct yaml_build *b, struct yaml_map *map, struct yaml_node *key,
		     struct yaml_node *value, uint32_t key_start, struct err *err) NODISCARD;

/* One element of a list. */
int yaml_build_element(struct yaml_build *b, struct doc_node *list, struct yaml_node *element,
		       struct err *err) NODISCARD;

/* The map ends, at n->end. Looks for keys that are there twice. */
int yaml_build_map_end(struct yaml_build *b, struct yaml_map *map, struct yaml_node *n,
		       struct err *err) NODISCARD;

/* The list ends, at n->end. */
void yaml_build_list_end(struct yaml_build *b, struct yaml_node *n);

/* The root of a document becomes a branch; head and foot are the document's own comments. */
int yaml_build_branch(struct yaml_build *b, struct yaml_node *root, struct yaml_text *head,
		      struct yaml_text *foot, struct err *err) NODISCARD;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * One ordered tree for every document format: what a reader makes, what the SOPS walk decrypts in place, what a writer prints.
 * A document is a list of branches (YAML: one per document of the stream; other formats: exactly one). The model is that of
 * sops: sops.go (TreeBranches, TreeItem, Comment).
 *
 *   doc ── branches ──► map ──next──► map            each branch is a DOC_MAP
 *                        └ kids ──► node ──► node    map entries have a key; comments in a map or list are nodes without one
 */
#ifndef DOC_DOC_H
#define DOC_DOC_H

#include "base/arena.h"
#include "base/buf.h"

enum doc_format { DOC_YAML, DOC_JSON, DOC_DOTENV, DOC_INI, DOC_BINARY };

enum doc_kind {
	DOC_NULL,
	DOC_STRING,  /* str: bytes, may be invalid UTF-8 */
	DOC_INT,     /* integer: int64 */
	DOC_FLOAT,   /* number: double */
	DOC_BOOL,    /* boolean */
	DOC_TIME,    /* time */
	DOC_COMMENT, /* str: text without the leading '#' or ';'; flag DOC_INLINE */
	DOC_MAP,     /* kids, each with a key, or comments */
	DOC_LIST,    /* kids without keys */
	DOC_UINT,    /* unsigned above int64, only in YAML: the SOPS walk refuses it as sops does */
};

enum doc_flag {
	DOC_INLINE = 1 << 0, /* comment: stood behind a value on its line (YAML only) */
	DOC_FLOW = 1 << 1,   /* map, list: written as {...} or [...] in the source */
	DOC_ALIASED =
		1
		<< 2, /* stands under an anchor that an alias uses, or came through an alias: can not be spliced */
	DOC_BLOCK_TEXT =
		1 << 3, /* scalar: written as a | or > block; `end` is after its last line break */
	DOC_QUOTED = 1 << 4, /* scalar: written in ' or " quotes */
	DOC_OPENED =
		1 << 5, /* set by sops_tree: this value was ciphertext and has been decrypted */
	DOC_KEY_BAD =
		1
		<< 6, /* map entry: the key is not a string (int, bool, null, ...); the SOPS walk refuses it. `key` holds its
				  * source text */
};

/* An instant with the offset that it was written with. */
struct doc_time {
	int64_t seconds;     /* since 1970-01-01T00:00:00Z, proleptic Gregorian */
	int32_t nanoseconds; /* 0 to 999,999,999 */
	int32_t offset;      /* seconds east of UTC */
};

struct doc_node {
	struct doc_node *next; /* sibling, or next branch */
	struct span key; /* map entries only; key.data is NULL for others (an empty key has data) */
	uint8_t kind;    /* enum doc_kind */
	uint8_t flags;   /* enum doc_flag */
	uint16_t depth;  /* nesting, 0 for a branch; free for a reader's use */
	uint32_t line;   /* 1-based line of the value in the source; 0 where there is none */
	/* Byte offsets into the source, for splicing (YAML and JSON; 0 elsewhere): where the entry begins (its key with tag and anchor, or the
	 * `?` before it; 0 for list elements), where the value's text begins (its tag or anchor included) and ends. YAML: an empty plain
	 * scalar has start == end; a block collection begins at its first key or dash and ends where its last entry's value does; a block
	 * text begins at its `|` or `>` and ends behind the break of its last line, with `+` behind the empty lines that follow too; a
	 * comment begins at its '#', and can lie inside of a block text, behind its sign; what came through an alias is where the alias is.
	 * Of a text in UTF-16 they are those of its form in UTF-8, and all nodes are DOC_ALIASED. */
	uint32_t key_start, start, end;
	union {
		struct span str;
		int64_t integer;
		uint64_t big; /* DOC_UINT */
		double number;
		bool boolean;
		struct doc_time time;
		struct {
			struct doc_node *first, *last;
		} kids;
	};
};

struct doc {
	struct arena arena;            /* owns every node, key and text; wiped with the document */
	struct doc_node *first, *last; /* branches */
};

enum {
	DOC_DEPTH_MAX =
		1000, /* nesting of maps and lists: real ones stay below 20; keeps recursion in a small stack */
	DOC_INPUT_MAX =
		256 * 1024 *
		1024, /* bytes of one input: far above etcd's 1 MiB an object, far below 32-bit offsets */
	DOC_NODES_MAX = 20 * 1000 * 1000, /* nodes after alias expansion: stops alias bombs */
};
#define DOC_ARENA_MAX \
	((size_t)4 * 1024 * 1024 * 1024) /* bytes of tree for one document, 16 times the input */

#define DOC_INIT                                   \
	{                                          \
		.arena = ARENA_INIT(DOC_ARENA_MAX) \
	}
#define CLEAN_DOC CLEANUP(doc_release)

/* Wipes and frees the tree. NULL is fine. */
void doc_release(struct doc *doc);

/* A fresh node of that kind in the document's arena, linked nowhere. NULL with ERR_NOMEM or ERR_LIMIT. */
struct doc_node *doc_new(struct doc *doc, enum doc_kind kind, struct err *err) NODISCARD;

/* Puts kid at the end of a map's or list's kids, or branch at the end of the document. */
void doc_append(struct doc_node *parent, struct doc_node *kid);
void doc_add_branch(struct doc *doc, struct doc_node *branch);

/* The first entry of map with that key, or NULL. */
struct doc_node *doc_get(const struct doc_node *map, const char *key);

/* doc_get() where the value is a string, else a null span. */
struct span doc_get_str(const struct doc_node *map, const char *key);

/* Takes kid, which must be in parent's kids, out of them. */
void doc_remove(struct doc_node *parent, struct doc_node *kid);

/* for (each node of a map's or list's kids) */
#define doc_each(kid, parent) for ((kid) = (parent)->kids.first; (kid); (kid) = (kid)->next)

/* How a writer lays out. Zero means the default of sops for each. */
struct doc_style {
	int yaml_indent; /* 2 to 9; 0: 4 */
	int json_indent; /* blanks a level; 0: one TAB (-1: line breaks without blanks, sops's `indent: 0`) */
	bool compat; /* print where sops would lose data too, byte for byte (--compat=sops); else such a place is ERR_EMIT */
};

/* Reads input. ret_doc must be DOC_INIT; on failure it is released. The tree holds its own copies, except: string values and keys may
 * point into `input`, which must outlive the document.
 * Errors: ERR_FORMAT with line and column, ERR_LIMIT, ERR_NOMEM.
 * YAML: every check that sops makes on the first document is made on every one (Differs, docs/differs.md). */
int doc_read(enum doc_format format, struct span input, struct doc *ret_doc, struct err *err)
	NODISCARD;

/* Appends the document in that format to out, with sops's bytes. Errors: ERR_EMIT where the tree does not fit the format, ERR_LIMIT,
 * ERR_NOMEM. */
int doc_write(enum doc_format format, const struct doc *doc, const struct doc_style *style,
	      struct buf *out, struct err *err) NODISCARD;

/* "yaml", "json", "dotenv", "ini", "binary". */
const char *doc_format_name(enum doc_format format);

/* The other way. false where the name is none of these. */
bool doc_format_parse(const char *name, enum doc_format *ret_format);

/* By suffix as sops does: .yaml .yml .json .env .ini, else binary (case-sensitive). sops: cmd/sops/formats/formats.go */
enum doc_format doc_format_of_path(struct span path);

#endif

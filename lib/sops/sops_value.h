/* SPDX-License-Identifier: Apache-2.0
 *
 * One encrypted leaf: ENC[AES256_GCM,data:...,iv:...,tag:...,type:...] to a typed value. sops: aes/cipher.go; sops-format.md section 1
 */
#ifndef SOPS_SOPS_VALUE_H
#define SOPS_SOPS_VALUE_H

#include "doc/doc.h"
#include "sops/gcm.h"

/* What every such text begins with. */
#define SOPS_VALUE_BEGIN SPAN("ENC[AES256_GCM,data:")

enum sops_value_type {
	SOPS_VALUE_STR,
	SOPS_VALUE_INT,
	SOPS_VALUE_FLOAT,
	SOPS_VALUE_BOOL,
	SOPS_VALUE_TIME,
	SOPS_VALUE_COMMENT,
};

/* The parts of the text, still in base64; spans into it. */
struct sops_value {
	struct span data, nonce, tag;
	enum sops_value_type type;
};

/* Takes the text apart. Refused beyond what sops refuses: anything but blanks and line breaks after the `]`. Errors: ERR_VALUE. */
int sops_value_parse(struct span text, struct sops_value *ret_value, struct err *err) NODISCARD;

/* The part of text that sops looks at: up to the last `]` of its first line. For comments, which sops opens whatever stands behind. */
struct span sops_value_trim(struct span text);

/* True where text is a whole, well-formed ENC[...] token: what may not get through in silence. */
bool sops_value_is(struct span text);

/* What opening needs beside the text: kept by the walk over one document. */
struct sops_value_opener {
	struct gcm *gcm;     /* with the data key */
	struct buf scratch;  /* SOPS_VALUE_SCRATCH_MAX; base64 undone */
	struct arena *arena; /* owns the strings that come out */
};

enum { SOPS_VALUE_SCRATCH_MAX = DOC_INPUT_MAX };

/* Opens text, authenticated with aad (the path, "data:password:"). The empty text is the empty string, with no cipher involved, as in
 * sops. ret_node gets kind and value; its other fields stay. Errors: ERR_VALUE (text, tag, type: a wrong key and a moved value look
 * alike), ERR_NOMEM, ERR_LIMIT. Refused beyond what sops refuses: a tag that is not 16 bytes, a nonce of more than GCM_NONCE_MAX. */
int sops_value_open(struct sops_value_opener *opener, struct span text, struct span aad,
		    struct doc_node *ret_node, struct err *err) NODISCARD;

#endif

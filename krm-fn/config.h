/* SPDX-License-Identifier: Apache-2.0
 *
 * functionConfig: what a run is asked to do. It comes from Git, so it is checked to the last field and bounded by the operator's policy
 * (policy.h). Accepted (design.md, "functionConfig"):
 *
 *   krm-sops.dev/v1alpha1 Decrypt                 spec as in the table there
 *   kustomize.toolkit.fluxcd.io Kustomization     its spec.decryption; detection: flux
 *   viaduct.ai (any kind)                         files and secretFrom; mode: generate
 *   goabout.com/v1beta1 SopsSecretGenerator       files and envs of one Secret; mode: generate
 *   v1 ConfigMap                                  the settings of our spec flat in `data` (kpt fn eval -- mode=validate)
 *   none
 *
 * An unknown field is an error that names it, except in the kinds of others, which have other readers too.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "doc/doc.h"

#define CONFIG_GROUP   "krm-sops.dev"
#define CONFIG_VERSION "krm-sops.dev/v1alpha1"
#define CONFIG_KIND    "Decrypt"

/* Of configs that other programs brought in. */
#define CONFIG_GROUP_KSOPS   "viaduct.ai"
#define CONFIG_GROUP_GOABOUT "goabout.com"

enum config_source {
	CONFIG_NONE,
	CONFIG_OURS,
	CONFIG_FLUX,
	CONFIG_KSOPS,
	CONFIG_GOABOUT,
	CONFIG_MAP
};

enum config_mode {
	CONFIG_DEFAULT, /* generate where the only item is the config, else transform */
	CONFIG_TRANSFORM,
	CONFIG_GENERATE,
	CONFIG_VALIDATE
};

enum {
	CONFIG_KINDS_MAX = 64,     /* kinds named in one config */
	CONFIG_TEXT_MAX = 1 << 20, /* bytes of a ConfigMap's lists once taken apart */
};

/* Spans and nodes are the config document's own, or live in arena. */
struct config {
	struct arena arena;
	enum config_source source;
	enum config_mode mode;
	/* The whole document, and the text that its offsets are of where the caller knows it (KSOPS, GOABOUT: how a scalar is written). */
	const struct doc_node *node;
	struct span text;
	struct span ns;              /* metadata.namespace: where the secretRef lives */
	bool disabled;               /* Flux: no decryption asked for, so nothing is decrypted */
	struct span secret;          /* decryption.secretRef.name; a null span: ambient keys */
	struct span service_account; /* decryption.serviceAccountName */
	struct span mac;             /* the word, for policy_mac(); a null span: not said */
	bool flux;                   /* detection: flux */
	bool string_data;
	bool allow_plaintext; /* allowPlaintextOnDisk */
	struct span kinds[CONFIG_KINDS_MAX];
	size_t kind_count;
	/* Lists of strings and of maps, checked by generate.c; NULL: not there. */
	const struct doc_node *files, *secret_from;
};

#define CONFIG_INIT                                      \
	{                                                \
		.arena = ARENA_INIT(4 * CONFIG_TEXT_MAX) \
	}
#define CLEAN_CONFIG CLEANUP(config_release)

/* Reads node (NULL or null: CONFIG_NONE). ret_config must be CONFIG_INIT. Errors: ERR_USAGE with the field's path. */
int config_read(const struct doc_node *node, struct config *ret_config, struct err *err) NODISCARD;

/* The same for a program that is called by the name of the one that the config is for: `source` is CONFIG_KSOPS, which looks at neither
 * apiVersion nor kind (krm-and-flux.md, T18), or CONFIG_GOABOUT. */
int config_read_as(enum config_source source, const struct doc_node *node,
		   struct config *ret_config, struct err *err) NODISCARD;

/* A field of the config's own kind: by its name; in KSOPS's as Go's JSON decoder finds it (go_text.h). */
const struct doc_node *config_field(const struct config *config, const struct doc_node *map,
				    const char *name);

void config_release(struct config *config);

#endif

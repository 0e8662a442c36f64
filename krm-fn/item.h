/* SPDX-License-Identifier: Apache-2.0
 *
 * What a Kubernetes object says of itself: kind, name, annotations; and how messages call it.
 */
#ifndef ITEM_H
#define ITEM_H

#include "doc/doc.h"

#define ITEM_ANNOTATION_DECRYPT "kustomize.toolkit.fluxcd.io/decrypt"
#define ITEM_ANNOTATION_HASH    "internal.config.kubernetes.io/needsHashSuffix"
#define ITEM_ANNOTATION_ID      "kustomize.config.k8s.io/id"
#define ITEM_ANNOTATION_ORIGIN  "config.kubernetes.io/origin"
#define ITEM_ANNOTATION_PATH    "config.kubernetes.io/path"
#define ITEM_INTERNAL_PATH      "internal.config.kubernetes.io/path"

/* `items` of a `kind: List`, SecretList, ..., or NULL: kustomize and kubectl take such an object apart. One with a `sops` entry is a document
 * of its own, whatever its kind. */
struct doc_node *item_list(const struct doc_node *item);

/* The group of apiVersion ("apps" of apps/v1); empty for the core group, a null span where there is no apiVersion. */
struct span item_group(const struct doc_node *item);

bool item_is(const struct doc_node *item, const char *group, const char *kind);

/* A Secret by kind alone, whatever its apiVersion: what Flux looks at (krm-and-flux.md 4.6). */
bool item_is_secret(const struct doc_node *item);

/* A null span where there is none or it is no string. */
struct span item_annotation(const struct doc_node *item, const char *name);
struct span item_name(const struct doc_node *item);
struct span item_namespace(const struct doc_node *item);

/* What the API server would take as a name or a namespace: such a one may become a part of a path. */

/* kustomize.toolkit.fluxcd.io/decrypt: disabled, in any letter case, nothing trimmed. */
bool item_is_disabled(const struct doc_node *item);

/* The name will get a hash of the content: a generator made it. */
bool item_is_hashed(const struct doc_node *item);

/* Read from a file by kpt or `kustomize fn run`, which will write it back there; in a build of kustomize there is an id. */
bool item_is_in_place(const struct doc_node *item);

/* The file that the item came from, for messages and for the search of its source: `path` of the origin annotation (a null span for one of a
 * remote repository), else a path annotation, else a null span. */
struct span item_path(const struct doc_node *item);

/* "Secret shop/orders-db (apps/db/secret.yaml)", quoted for messages, in arena. NULL with ERR_NOMEM. */
const char *item_label(const struct doc_node *item, struct arena *arena, struct err *err) NODISCARD;

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * sops's key service messages; see grpc_key.h.
 */
#include "grpc_key.h"

#include "protobuf.h"

/* Fields of the message `Key`: which member of a oneof, and what its fields are here. sops: keyservice/keyservice.proto */
enum { FIELDS = 5 };
static const struct {
	enum sops_key_type type;
	size_t fields
		[FIELDS]; /* offset of the span in struct sops_key, by the field's number; 0: not one of these */
} keys[] = {
	[1] = {SOPS_KEY_KMS,
	       {0, offsetof(struct sops_key, id), offsetof(struct sops_key, role), 0,
		offsetof(struct sops_key, profile)}},
	[2] = {SOPS_KEY_PGP, {0, offsetof(struct sops_key, id)}},
	[3] = {SOPS_KEY_GCP_KMS, {0, offsetof(struct sops_key, id)}},
	[4] = {SOPS_KEY_AZURE_KV,
	       {0, offsetof(struct sops_key, address), offsetof(struct sops_key, id),
		offsetof(struct sops_key, path)}},
	[5] = {SOPS_KEY_HC_VAULT,
	       {0, offsetof(struct sops_key, address), offsetof(struct sops_key, path),
		offsetof(struct sops_key, id)}},
	[6] = {SOPS_KEY_AGE, {0, offsetof(struct sops_key, id)}},
	[7] = {SOPS_KEY_HCKMS, {0, offsetof(struct sops_key, id)}},
};

enum { CONTEXT_FIELD = 3, CONTEXT_MAX = 64 };

static int broken(struct err *err)
{
	return err_set(err, ERR_FORMAT, "the message of the key service can not be read");
}

/* One entry of the map of contexts. */
static int add_context(struct span entry, struct doc *doc, struct doc_node *map, struct err *err)
{
	struct doc_node *pair = doc_new(doc, DOC_STRING, err), *other;
	struct protobuf_field field;
	int r, n = 0;

	if (!pair)
		return -1;
	pair->key = pair->str = SPAN("");
	while ((r = protobuf_next(&entry, &field)) > 0) {
		if (field.wire == PROTOBUF_BYTES && field.number == 1)
			pair->key = field.bytes.len ? field.bytes : SPAN("");
		else if (field.wire == PROTOBUF_BYTES && field.number == 2)
			pair->str = field.bytes.len ? field.bytes : SPAN("");
	}
	doc_each (other, map)
		n += span_eq(other->key, pair->key) ? CONTEXT_MAX : 1;
	if (r < 0 || n >= CONTEXT_MAX)
		return broken(err);
	doc_append(map, pair);
	return 0;
}

static int read_fields(struct span message, uint32_t which, struct doc *doc, struct sops_key *key,
		       struct err *err)
{
	struct doc_node *context = NULL;
	struct protobuf_field field;
	int r;

	key->type = keys[which].type;
	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.wire != PROTOBUF_BYTES)
			continue;
		if (key->type == SOPS_KEY_KMS && field.number == CONTEXT_FIELD) {
			if (!context)
				context = doc_new(doc, DOC_MAP, err);
			if (!context || add_context(field.bytes, doc, context, err) < 0)
				return -1;
		} else if (field.number < FIELDS && keys[which].fields[field.number]) {
			*(struct span *)(void *)((char *)key + keys[which].fields[field.number]) =
				field.bytes;
		}
	}
	key->context = context;
	return r < 0 ? broken(err) : 0;
}

/* The last member of the oneof counts. */
static int read_key(struct span message, struct doc *doc, struct sops_key *key, struct err *err)
{
	struct protobuf_field field;
	bool found = false;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.wire != PROTOBUF_BYTES || field.number >= ARRAY_LEN(keys))
			continue;
		*key = (struct sops_key){.enc = key->enc};
		if (read_fields(field.bytes, field.number, doc, key, err) < 0)
			return -1;
		found = true;
	}
	if (r < 0)
		return broken(err);
	return found ? 0 : err_set(err, ERR_UNSUPPORTED, "no key of a type that is known");
}

static int read_request(struct span message, struct doc *doc, struct sops_key *key, struct err *err)
{
	struct span which = SPAN_NULL;
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.wire == PROTOBUF_BYTES && field.number == 1)
			which = field.bytes;
		else if (field.wire == PROTOBUF_BYTES && field.number == 2)
			key->enc = field.bytes;
	}
	if (r < 0)
		return broken(err);
	return read_key(which, doc, key, err);
}

int grpc_key_read(struct span body, struct doc *doc, struct sops_key *ret_key, struct err *err)
{
	struct sops_key key = {.next = NULL};
	size_t len;

	if (body.len < GRPC_PREFIX)
		return broken(err);
	if (body.data[0])
		return err_set(err, ERR_UNSUPPORTED, "compressed messages are not offered");
	len = (size_t)body.data[1] << 24 | (size_t)body.data[2] << 16 | (size_t)body.data[3] << 8 |
	      body.data[4];
	if (len != body.len - GRPC_PREFIX)
		return broken(err);
	if (read_request(span_from(body, GRPC_PREFIX), doc, &key, err) < 0)
		return -1;
	*ret_key = key;
	return 0;
}

void grpc_key_write(struct span plaintext, struct buf *out)
{
	size_t from = out->len, len;

	buf_add_fill(out, 0, GRPC_PREFIX);
	protobuf_put(1, plaintext, out);
	if (out->bad)
		return;
	len = out->len - from - GRPC_PREFIX;
	out->data[from + 1] = (uint8_t)(len >> 24);
	out->data[from + 2] = (uint8_t)(len >> 16);
	out->data[from + 3] = (uint8_t)(len >> 8);
	out->data[from + 4] = (uint8_t)len;
}

enum grpc_status grpc_key_status(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return GRPC_OK;
	case ERR_FORMAT:
	case ERR_USAGE:
		return GRPC_INVALID_ARGUMENT;
	case ERR_UNSUPPORTED:
		return GRPC_UNIMPLEMENTED;
	case ERR_NO_KEY:
		return GRPC_NOT_FOUND;
	case ERR_DENIED:
	case ERR_POLICY:
		return GRPC_PERMISSION_DENIED;
	case ERR_LIMIT:
		return GRPC_RESOURCE_EXHAUSTED;
	case ERR_UNREACHABLE:
	case ERR_NOMEM:
		return GRPC_UNAVAILABLE;
	default:
		return GRPC_INTERNAL;
	}
}

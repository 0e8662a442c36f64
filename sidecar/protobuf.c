/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of protocol buffers; see protobuf.h.
 */
#include "protobuf.h"

enum { VARINT_MAX = 10 /* bytes of 64 bits */ };

static int take_varint(struct span *in, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < in->len && i < VARINT_MAX; i++) {
		uint64_t part = in->data[i] & 0x7f;

		if (i == VARINT_MAX - 1 && part > 1)
			return -1;
		value |= part << 7 * i;
		if (in->data[i] & 0x80)
			continue;
		*in = span_from(*in, i + 1);
		*ret = value;
		return 0;
	}
	return -1;
}

static int take(struct span *in, uint64_t len, struct span *ret)
{
	if (len > in->len)
		return -1;
	*ret = span_sub(*in, 0, (size_t)len);
	*in = span_from(*in, (size_t)len);
	return 0;
}

int protobuf_next(struct span *message, struct protobuf_field *ret_field)
{
	struct protobuf_field field = {.bytes = SPAN_NULL};
	struct span in = *message;
	uint64_t tag, len;

	if (!in.len)
		return 0;
	if (take_varint(&in, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
		return -1;
	field.number = (uint32_t)(tag >> 3);
	field.wire = (enum protobuf_wire)(tag & 7);
	switch (tag & 7) {
	case PROTOBUF_VARINT:
		if (take_varint(&in, &field.value) < 0)
			return -1;
		break;
	case PROTOBUF_BYTES:
		if (take_varint(&in, &len) < 0 || take(&in, len, &field.bytes) < 0)
			return -1;
		break;
	case PROTOBUF_64:
		if (take(&in, 8, &field.bytes) < 0)
			return -1;
		break;
	case PROTOBUF_32:
		if (take(&in, 4, &field.bytes) < 0)
			return -1;
		break;
	default:
		return -1;
	}
	*message = in;
	*ret_field = field;
	return 1;
}

static void put_varint(uint64_t value, struct buf *out)
{
	while (value > 0x7f) {
		buf_add_char(out, (uint8_t)(value | 0x80));
		value >>= 7;
	}
	buf_add_char(out, (uint8_t)value);
}

void protobuf_put(uint32_t number, struct span bytes, struct buf *out)
{
	if (!bytes.len)
		return;
	put_varint((uint64_t)number << 3 | PROTOBUF_BYTES, out);
	put_varint(bytes.len, out);
	buf_add_span(out, bytes);
}

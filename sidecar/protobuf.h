/* SPDX-License-Identifier: Apache-2.0
 *
 * The little of protocol buffers that sops's key service needs: fields one after the other out of a message, byte fields into one.
 * https://protobuf.dev/programming-guides/encoding/
 */
#ifndef PROTOBUF_H
#define PROTOBUF_H

#include "base/buf.h"

enum protobuf_wire { PROTOBUF_VARINT = 0, PROTOBUF_64 = 1, PROTOBUF_BYTES = 2, PROTOBUF_32 = 5 };

struct protobuf_field {
	uint32_t number;
	enum protobuf_wire wire;
	struct span bytes; /* PROTOBUF_BYTES; points into the message */
	uint64_t value;    /* PROTOBUF_VARINT */
};

/* Takes the next field off the front. 1: there is one; 0: the message is over; -1: it can not be read. Groups, which proto3 has not, are refused. */
int protobuf_next(struct span *message, struct protobuf_field *ret_field);

/* Appends a byte or text field; an empty one is left out, as proto3 does. */
void protobuf_put(uint32_t number, struct span bytes, struct buf *out);

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * Text: base64, hex, UTF-8, and the quoting of untrusted text for messages.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"
#include "base/secret.h"

/* How strict a base64 reader is. */
enum base64_rule {
	BASE64_GO, /* Go's StdEncoding: padding required, CR and LF skipped anywhere, spare bits not looked at */
	BASE64_STRICT, /* standard alphabet, padding required, nothing skipped, spare bits zero */
	BASE64_RAW_STRICT /* as STRICT but without padding: age headers */
};

/* Appends the decoded bytes to out. 0, or -1 where text is not base64 by that rule (out then has what it had before). The caller
 * words the message, and asks buf_check(out). */
int base64_decode(enum base64_rule rule, struct span text, struct buf *out) NODISCARD;

/* The same into locked memory, for keys; an empty text gives an empty span. Errors: ERR_FORMAT ("it is not base64"), ERR_LIMIT, ERR_NOMEM. */
int base64_secret(enum base64_rule rule, struct span text, struct secret_pool *pool,
		  struct span *ret_bytes, struct err *err) NODISCARD;

/* By BASE64_GO, where blanks and tabs may stand anywhere, too: the body of an armor. Otherwise the same. */
int base64_secret_spaced(struct span text, struct secret_pool *pool, struct span *ret_bytes,
			 struct err *err) NODISCARD;

/* Appends standard base64, padded or raw. */
void base64_encode(struct span bytes, bool padded, struct buf *out);

/* base64url (RFC 4648, 5) without padding. Reading is Go's RawURLEncoding: CR and LF are skipped; but spare bits must be zero. Returns as base64_decode(). */
int base64url_decode(struct span text, struct buf *out) NODISCARD;
void base64url_encode(struct span bytes, struct buf *out);

/* Appends lower- or upper-case hex digits. */
void hex_encode(struct span bytes, bool upper, struct buf *out);

/* Reads one code point at s.data[at]; its length in bytes (1 to 4), or 0 where the bytes there are not UTF-8 (overlong forms,
 * surrogates, above U+10FFFF, cut short). at must be < s.len. */
size_t utf8_next(struct span s, size_t at, uint32_t *ret_code);

/* Appends the UTF-8 form of code (at most U+10FFFF). */
void utf8_add(uint32_t code, struct buf *out);

bool utf8_valid(struct span s);

/* True where every byte is below 0x80. */
bool ascii_only(struct span s);

enum { TEXT_QUOTE_MAX = 80 /* bytes of input that a message shows of a name */ };

struct quoted {
	char text[TEXT_QUOTE_MAX * 4 + 8];
};

/* Untrusted text made fit for a message: printable, no quotes or control characters (shown as \xHH), cut at TEXT_QUOTE_MAX with "...".
 * Use: err_set(err, ..., "key '%s'", text_quote(key).text). */
struct quoted text_quote(struct span s);

#endif

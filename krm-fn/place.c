/* SPDX-License-Identifier: Apache-2.0
 *
 * The path of a field, in words; see place.h.
 */
#include "place.h"

#include "base/text.h"

#include <stdio.h>

static size_t add(const struct place *place, char *text)
{
	struct quoted key;
	size_t at;
	int len;

	if (!place)
		return 0;
	at = add(place->up, text);
	if (at >= PLACE_SHOWN_MAX)
		return at;
	if (place->node->key.data) {
		key = text_quote(place->node->key);
		len = snprintf(text + at, PLACE_SHOWN_MAX + 1 - at, "%s%s", at ? "." : "",
			       key.text);
	} else {
		len = snprintf(text + at, PLACE_SHOWN_MAX + 1 - at, "[%zu]", place->index);
	}
	at += len > 0 ? (size_t)len : 0;
	return at > PLACE_SHOWN_MAX ? PLACE_SHOWN_MAX + 1 : at;
}

struct place_text place_text(const struct place *place)
{
	struct place_text ret = {.text = ""};

	if (add(place, ret.text) > PLACE_SHOWN_MAX)
		memcpy(ret.text + PLACE_SHOWN_MAX, "...", sizeof("..."));
	return ret;
}

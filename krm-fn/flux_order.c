/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of keys; see flux_order.h. go-yaml v2: sorter.go
 */
#include "flux_order.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

/* Differs: go-yaml asks Unicode; here all that is not ASCII is a letter. */
static bool is_letter(uint32_t c)
{
	return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint32_t code_at(struct span s, size_t at, size_t *ret_width)
{
	uint32_t code = 0xfffd;

	*ret_width = utf8_next(s, at, &code);
	if (!*ret_width)
		*ret_width = 1;
	return code;
}

static uint64_t number_at(struct span s, size_t *at, uint64_t before)
{
	for (; *at < s.len && is_digit(s.data[*at]); (*at)++)
		before = before * 10 + (s.data[*at] - '0');
	return before;
}

/* Digits that differ are compared as numbers; behind a digit that is not 0, a 0 is no leading one. */
static int compare_numbers(struct span a, struct span b, size_t at)
{
	size_t i = at, j = at, k;
	uint64_t before = 0, x, y;

	if (a.data[at] == '0' || b.data[at] == '0') {
		for (k = at; k > 0 && is_digit(a.data[k - 1]); k--) {
			if (a.data[k - 1] != '0') {
				before = 1;
				break;
			}
		}
	}
	x = number_at(a, &i, before);
	y = number_at(b, &j, before);
	/* int64 there, with what overflows */
	if (x != y)
		return (int64_t)x < (int64_t)y ? -1 : 1;
	return i == j ? 0 : i < j ? -1 : 1;
}

/* Both are equal before `at`. */
static int compare_from(struct span a, struct span b, size_t at)
{
	size_t width;
	uint32_t x = code_at(a, at, &width), y = code_at(b, at, &width);
	int r = 0;

	if (is_letter(x) != is_letter(y))
		return is_letter(y) ? -1 : 1;
	if (!is_letter(x))
		r = compare_numbers(a, b, at);
	return r ? r : x < y ? -1 : 1;
}

static int compare_keys(struct span a, struct span b)
{
	size_t i, width, other;

	for (i = 0; i < a.len && i < b.len; i += width) {
		if (code_at(a, i, &width) != code_at(b, i, &other))
			return compare_from(a, b, i);
	}
	return a.len < b.len ? -1 : a.len > b.len;
}

static int by_bytes(const void *left, const void *right)
{
	const struct span a = (*(const struct doc_node *const *)left)->key;
	const struct span b = (*(const struct doc_node *const *)right)->key;
	int r = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

/* Of two sorted lists one. */
static void merge(const struct doc_node **a, size_t a_len, const struct doc_node **b, size_t b_len,
		  const struct doc_node **out)
{
	while (a_len && b_len) {
		bool second = compare_keys((*b)->key, (*a)->key) < 0;

		*out++ = second ? *b++ : *a++;
		*(second ? &b_len : &a_len) -= 1;
	}
	memcpy(out, a_len ? a : b, (a_len + b_len) * sizeof(*out));
}

static void merge_sort(const struct doc_node **list, size_t n, const struct doc_node **scratch)
{
	size_t half = n / 2;

	if (n < 2)
		return;
	merge_sort(list, half, scratch);
	merge_sort(list + half, n - half, scratch);
	merge(list, half, list + half, n - half, scratch);
	memcpy(list, scratch, n * sizeof(*list));
}

void flux_order_sort(const struct doc_node **list, size_t n, const struct doc_node **scratch)
{
	if (n)
		qsort(list, n, sizeof(*list), by_bytes);
	merge_sort(list, n, scratch);
}

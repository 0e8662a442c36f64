/* SPDX-License-Identifier: Apache-2.0
 *
 * Times to text and back, in 64-bit arithmetic on the proleptic Gregorian calendar: no zones of the system, no time_t functions.
 *
 * Rules: Go: time (Parse, Time.Format, Time.MarshalText); go-yaml: resolve.go (allowedTimestampFormats).
 */
#include "doc/scalar.h"
#include "doc/scalar_internal.h"

enum {
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	ERA_DAYS = 146097,   /* 400 years */
	EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
	NANO_DIGITS = 9,
	OFFSET_HOUR_MAX = 24, /* Go looks for more than these, not for these or more */
	OFFSET_MINUTE_MAX = 60,
};

/* What separates a layout from the others. */
struct layout {
	bool two_digits; /* month, day, minute and second have exactly two; else one or two. The hour may always have one */
	char between; /* date and time; 0: no time */
	bool zone;    /* Z or an offset follows; else UTC */
};

/* Days from 1970-01-01; months from 1. Counted from March, so that the leap day is a year's last. */
static int64_t days_of(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
}

static void date_of(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
	days += EPOCH_DAYS;
	int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t of_era = days - era * ERA_DAYS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = (int)(of_era - (365 * year + year / 4 - year / 100));
	int month = (5 * of_year + 2) / 153; /* from March */

	*ret_day = of_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = year + era * 400 + (*ret_month <= 2);
}

static int days_in(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* One or two digits (exactly two: fixed), `most` at most. */
static bool take_number(struct scalar_cursor *c, bool fixed, int most, int *ret)
{
	if (!scalar_is_digit(scalar_peek(c)))
		return false;
	int value = scalar_next(c) - '0';
	if (scalar_is_digit(scalar_peek(c)))
		value = value * 10 + scalar_next(c) - '0';
	else if (fixed)
		return false;
	*ret = value;
	return value <= most;
}

static bool take(struct scalar_cursor *c, int byte)
{
	return scalar_next(c) == byte;
}

/* A point or comma and digits, if that is what follows. */
static void take_fraction(struct scalar_cursor *c, int32_t *ret_nanoseconds)
{
	int32_t value = 0;
	int digits = 0;

	if (c->text.len - c->at < 2 || (scalar_peek(c) != '.' && scalar_peek(c) != ',') ||
	    !scalar_is_digit(c->text.data[c->at + 1]))
		return;
	scalar_next(c);
	for (; scalar_is_digit(scalar_peek(c)); digits++) {
		int digit = scalar_next(c) - '0';

		if (digits < NANO_DIGITS)
			value = value * 10 + digit;
	}
	for (; digits < NANO_DIGITS; digits++)
		value *= 10;
	*ret_nanoseconds = value;
}

static bool take_zone(struct scalar_cursor *c, int32_t *ret_offset)
{
	int sign = scalar_next(c), hours = 0, minutes = 0;

	*ret_offset = 0;
	if (sign == 'Z')
		return true;
	if ((sign != '+' && sign != '-') || !take_number(c, true, OFFSET_HOUR_MAX, &hours) ||
	    !take(c, ':') || !take_number(c, true, OFFSET_MINUTE_MAX, &minutes))
		return false;
	*ret_offset = (hours * HOUR + minutes * MINUTE) * (sign == '-' ? -1 : 1);
	return true;
}

static bool parse(struct span text, const struct layout *layout, struct doc_time *ret)
{
	struct scalar_cursor c = {text, 0, false};
	int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
	struct doc_time time = {0};

	for (int i = 0; i < 4; i++) {
		if (!scalar_is_digit(scalar_peek(&c)))
			return false;
		year = year * 10 + scalar_next(&c) - '0';
	}
	if (!take(&c, '-') || !take_number(&c, layout->two_digits, 12, &month) || month < 1 ||
	    !take(&c, '-') || !take_number(&c, layout->two_digits, 31, &day) || day < 1 ||
	    day > days_in(year, month))
		return false;
	if (layout->between) {
		if (!take(&c, layout->between))
			return false;
		while (layout->between == ' ' && scalar_peek(&c) == ' ')
			scalar_next(&c);
		if (!take_number(&c, false, 23, &hour) || !take(&c, ':') ||
		    !take_number(&c, layout->two_digits, 59, &minute) || !take(&c, ':') ||
		    !take_number(&c, layout->two_digits, 59, &second))
			return false;
		take_fraction(&c, &time.nanoseconds);
	}
	if (layout->zone && !take_zone(&c, &time.offset))
		return false;
	if (scalar_peek(&c) >= 0)
		return false;
	time.seconds = days_of(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second -
		       time.offset;
	*ret = time;
	return true;
}

bool scalar_parse_time(struct span text, struct doc_time *ret)
{
	static const struct layout rfc3339 = {true, 'T', true};

	return parse(text, &rfc3339, ret);
}

bool scalar_parse_yaml_time(struct span text, struct doc_time *ret)
{
	static const struct layout layouts[] = {
		{false, 'T', true}, {false, 't', true}, {false, ' ', false}, {false, 0, false}};

	if (text.len < 5 || text.data[4] != '-')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		if (parse(text, &layouts[i], ret))
			return true;
	}
	return false;
}

static void add_fraction(int32_t nanoseconds, struct buf *out)
{
	int digits = NANO_DIGITS;

	if (nanoseconds == 0)
		return;
	for (; nanoseconds % 10 == 0; digits--)
		nanoseconds /= 10;
	buf_printf(out, ".%0*d", digits, (int)nanoseconds);
}

bool scalar_add_time(const struct doc_time *time, enum scalar_time_form form, struct buf *out)
{
	int64_t local = 0, year = 0;
	int month = 0, day = 0;
	int offset = time->offset / MINUTE;

	if (__builtin_add_overflow(time->seconds, (int64_t)time->offset, &local))
		return false;
	int64_t days = local / DAY - (local % DAY < 0);
	int clock = (int)(local - days * DAY);
	date_of(days, &year, &month, &day);
	if (year < 0 || year > 9999)
		return false;
	if (form == TIME_NANO && (offset >= 24 * 60 || offset <= -24 * 60))
		return false;
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month, day, clock / HOUR,
		   clock % HOUR / MINUTE, clock % MINUTE);
	if (form != TIME_WHOLE)
		add_fraction(time->nanoseconds, out);
	if (time->offset == 0) {
		buf_add_char(out, 'Z');
	} else {
		int size = offset < 0 ? -offset : offset;

		buf_printf(out, "%c%02d:%02d", time->offset < 0 ? '-' : '+', size / 60, size % 60);
	}
	return true;
}

// SPDX-License-Identifier: MIT
/*
 * Reading a rule.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "explain/explain.h"
#include "fault/operand.h"
#include "fault/rule.h"
#include "fault/status.h"
#include "tdx/policy.h"

#define CERTAIN (1ull << 53)

struct reader {
	struct fault_rule *rule;
	char words[FAULT_TEXT_MAX + 1]; /* the text, cut into words */
	char *at;
	char *err;
	size_t size;
};

#define wrong(r, ...) (snprintf((r)->err, (r)->size, __VA_ARGS__), false)

/* ---- numbers ---- */

static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return isdigit((unsigned char)text[0]) && !*end && !errno;
}

/* "0.25" or "25%", without the locale's opinion. */
static bool parse_chance(const char *text, uint64_t *chance)
{
	double value = 0, place = 1;
	const char *p = text;

	for (; isdigit((unsigned char)*p) && value <= 100; p++)
		value = value * 10 + (*p - '0');
	if (p != text && *p == '.')
		while (isdigit((unsigned char)*++p))
			value += (*p - '0') * (place /= 10);
	if (p != text && *p == '%') {
		value /= 100;
		p++;
	}
	*chance = (uint64_t)(value * (double)CERTAIN);
	return p != text && !*p && value <= 1 && *chance;
}

/* "VALUE" or "FROM-TO", both included. */
static bool parse_range(char *text, uint64_t *from, uint64_t *to)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = 0;
	if (!parse_number(text, from) || !parse_number(dash ? dash + 1 : text, to))
		return false;
	return *from <= *to;
}

/* ---- the leaf ---- */

static void set_applies(struct fault_rule *rule, size_t leaf, bool value)
{
	rule->applies[leaf / 64] &= ~(1ull << leaf % 64);
	rule->applies[leaf / 64] |= (uint64_t)value << leaf % 64;
}

/* The rows that fit, and the last of them; NULL: none. */
static const struct leaf_desc *find_leaves(struct fault_rule *rule, const char *pattern,
					   unsigned *count)
{
	const struct leaf_desc *last = NULL;

	*count = 0;
	for (size_t i = 0; i < leaf_table_len && i < FAULT_LEAVES; i++) {
		bool fits = leaf_table[i].since == ABI_1_5_01 &&
			    explain_name_fits(pattern, leaf_table[i].name);

		set_applies(rule, i, fits);
		if (!fits)
			continue;
		last = &leaf_table[i];
		++*count;
	}
	return last;
}

static bool no_leaf(struct reader *r, const char *pattern)
{
	char near[200];

	explain_leaf_suggest(near, sizeof(near), pattern);
	return wrong(r, "no leaf '%s'%s%s%s", pattern, near[0] ? "; did you mean " : "", near,
		     near[0] ? "?" : "");
}

/* Leaves the rows that can give the status. */
static bool keep_fitting(struct reader *r, const char *pattern, const char *status,
			 const struct leaf_desc *last, unsigned count)
{
	struct fault_rule *rule = r->rule;
	char list[800];
	bool any = false;

	for (size_t i = 0; i < leaf_table_len && i < FAULT_LEAVES; i++) {
		bool fits = fault_rule_applies(rule, i) &&
			    fault_status_fits(&leaf_table[i], rule->status, rule->any_detail);

		set_applies(rule, i, fits);
		any |= fits;
	}
	if (any)
		return true;
	if (count > 1)
		return wrong(r, "none of the %u leaves that '%s' names can be refused with %s",
			     count, pattern, status);
	fault_status_list(last, list, sizeof(list));
	return wrong(r, "%s can't be refused with %s; it can with %s", last->name, status, list);
}

/* ---- conditions ---- */

/* Leaves the rows that have such an object. */
static bool keep_having(struct reader *r, const struct fault_condition *condition)
{
	bool any = false;

	for (size_t i = 0; i < leaf_table_len && i < FAULT_LEAVES; i++) {
		bool has = fault_rule_applies(r->rule, i) &&
			   fault_has_object(&leaf_table[i], condition);

		set_applies(r->rule, i, has);
		any |= has;
	}
	return any ||
	       wrong(r, "'%s' is neither a condition nor an operand of the leaf", condition->name);
}

static bool take_object(struct reader *r, const char *name, char *value)
{
	struct fault_rule *rule = r->rule;
	struct fault_condition *condition = &rule->condition[rule->conditions];

	if (rule->conditions == FAULT_CONDITIONS)
		return wrong(r, "more than %d conditions about operands", FAULT_CONDITIONS);
	fault_object_named(condition, name);
	if (!keep_having(r, condition))
		return false;
	if (!parse_range(value, &condition->from, &condition->to))
		return wrong(r, "%s=%s: not a number or FROM-TO", name, value);
	rule->conditions++;
	return true;
}

/* A number that is not 0. */
static bool take_count(struct reader *r, const char *name, const char *value, uint64_t *count)
{
	if (*count)
		return wrong(r, "%s is given twice", name);
	if (!parse_number(value, count) || !*count)
		return wrong(r, "%s=%s: not a number from 1 on", name, value);
	return true;
}

static bool take_lp(struct reader *r, const char *value)
{
	uint64_t lp;

	if (!parse_number(value, &lp) || lp > 1023)
		return wrong(r, "lp=%s: not the number of a logical processor", value);
	r->rule->lp = (int)lp;
	return true;
}

static bool take_looks(struct reader *r, const char *value)
{
	uint64_t look = 0;

	if (!take_count(r, "look", value, &look) || look > UINT32_MAX)
		return wrong(r, "look=%s: not a number from 1 on", value);
	r->rule->looks = (unsigned)look - 1;
	return true;
}

static bool take_condition(struct reader *r, char *word)
{
	struct fault_rule *rule = r->rule;
	const struct {
		const char *name;
		uint64_t *count;
	} counts[] = { { "nth", &rule->nth },
		       { "from", &rule->from },
		       { "every", &rule->every },
		       { "times", &rule->times } };
	char *value = strchr(word, '=');

	if (!value)
		return wrong(r, "'%s' is no condition: those are NAME=VALUE", word);
	*value++ = 0;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (!strcasecmp(word, counts[i].name))
			return take_count(r, word, value, counts[i].count);
	}
	if (!strcasecmp(word, "lp"))
		return take_lp(r, value);
	if (!strcasecmp(word, "look"))
		return take_looks(r, value);
	if (!strcasecmp(word, "seed"))
		return parse_number(value, &rule->random) ||
		       wrong(r, "seed=%s: not a number", value);
	if (!strcasecmp(word, "chance"))
		return parse_chance(value, &rule->chance) ||
		       wrong(r, "chance=%s: not a probability (0.01, 1%%)", value);
	return take_object(r, word, value);
}

/* ---- the rule ---- */

static char *next_word(struct reader *r)
{
	char *word;

	while (isspace((unsigned char)*r->at))
		r->at++;
	word = r->at;
	while (*r->at && !isspace((unsigned char)*r->at))
		r->at++;
	if (*r->at)
		*r->at++ = 0;
	return word;
}

static bool take_what(struct reader *r)
{
	const char *pattern = next_word(r), *status = next_word(r);
	const struct leaf_desc *last;
	unsigned count;

	last = find_leaves(r->rule, pattern, &count);
	if (!last)
		return no_leaf(r, pattern);
	if (!*status)
		return wrong(r, "a rule is LEAF STATUS [CONDITION...]: there is no status");
	return fault_status_parse(status, &r->rule->status, &r->rule->any_detail, r->err,
				  r->size) &&
	       keep_fitting(r, pattern, status, last, count);
}

/* Printable ASCII within the limit, without what stands around it. */
static bool take_text(struct reader *r, const char *text, size_t len)
{
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	if (len > FAULT_TEXT_MAX)
		return wrong(r, "a rule has at most %d characters", FAULT_TEXT_MAX);
	if (!len)
		return wrong(r, "a rule is LEAF STATUS [CONDITION...]: there is none");
	for (size_t i = 0; i < len; i++) {
		if ((text[i] < ' ' && text[i] != '\t') || text[i] > '~')
			return wrong(r, "byte 0x%02x at %zu: a rule is plain text",
				     (unsigned char)text[i], i);
	}
	memcpy(r->rule->text, text, len);
	memcpy(r->words, text, len);
	r->at = r->words;
	return true;
}

bool fault_rule_parse(struct fault_rule *rule, const char *text, size_t len, char *err, size_t size)
{
	struct reader r = { .rule = rule, .err = err, .size = size };

	*rule = (struct fault_rule){ .lp = -1, .random = 1 };
	if (!take_text(&r, text, len) || !take_what(&r))
		return false;
	for (char *word = next_word(&r); *word; word = next_word(&r)) {
		if (!take_condition(&r, word))
			return false;
	}
	if (rule->looks && !tdx_status_interrupted(tdx_status(rule->status)))
		return wrong(&r,
			     "look= goes with INTERRUPTED_RESUMABLE and INTERRUPTED_RESTARTABLE");
	snprintf(err, size, "%s", "");
	return true;
}

// SPDX-License-Identifier: MIT
/*
 * Leaves by name and number.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "explain/explain.h"
#include "explain/suggest.h"
#include "explain/tables.h"

const char *number_name(const struct named_number *table, size_t len, uint32_t number)
{
	for (size_t i = 0; i < len; i++) {
		if (table[i].number == number)
			return table[i].name;
	}
	return NULL;
}

const struct leaf_desc *leaf_desc_of(enum explain_side side, uint32_t number)
{
	return leaf_by_number((enum leaf_class)side, number);
}

const char *explain_leaf_name(enum explain_side side, uint32_t number)
{
	const struct leaf_desc *leaf = leaf_desc_of(side, number);

	return leaf ? leaf->name : NULL;
}

/* Case does not matter, '.' and '_' are the same. */
static int plain(char c)
{
	return c == '_' ? '.' : tolower((unsigned char)c);
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if (plain(*a) != plain(*b))
			return false;
	}
	return *a == *b;
}

/* One star is remembered: the last one can always take what an earlier one could. */
bool explain_name_fits(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			resume = name;
		} else if (*pattern && (*pattern == '?' || plain(*pattern) == plain(*name))) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++resume;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

static void id_of(const struct leaf_desc *leaf, struct explain_leaf_id *out)
{
	out->side = (enum explain_side)leaf->cls;
	out->number = leaf->number;
	out->name = leaf->name;
}

static bool find_name(const struct leaf_desc *table, size_t len, const char *name,
		      struct explain_leaf_id *out)
{
	for (size_t i = 0; i < len; i++) {
		if (same_name(table[i].name, name)) {
			id_of(&table[i], out);
			return true;
		}
	}
	return false;
}

static bool find_number(enum explain_side side, const char *digits, struct explain_leaf_id *out)
{
	const struct leaf_desc *leaf;
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	number = strtoul(digits, &end, 0);
	if (errno || *end || number > UINT32_MAX)
		return false;
	leaf = leaf_desc_of(side, (uint32_t)number);
	if (leaf)
		id_of(leaf, out);
	return leaf != NULL;
}

/* "TDG.VP.VMCALL<MapGPA>" is MapGPA. */
static bool find_vmcall(const char *text, struct explain_leaf_id *out)
{
	static const char prefix[] = "TDG.VP.VMCALL<";
	char name[64];
	size_t len = strlen(text);

	if (len > sizeof(prefix) && len - sizeof(prefix) < sizeof(name) && text[len - 1] == '>' &&
	    !strncasecmp(text, prefix, sizeof(prefix) - 1)) {
		memcpy(name, text + sizeof(prefix) - 1, len - sizeof(prefix));
		name[len - sizeof(prefix)] = 0;
		text = name;
	}
	return find_name(vmcall_table, vmcall_table_len, text, out);
}

bool explain_leaf_find(const char *text, struct explain_leaf_id *out)
{
	static const struct {
		const char *prefix;
		enum explain_side side;
	} sides[] = { { "tdh:", EXPLAIN_HOST },
		      { "tdg:", EXPLAIN_GUEST },
		      { "vmcall:", EXPLAIN_VMCALL } };

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		size_t len = strlen(sides[i].prefix);

		if (!strncasecmp(text, sides[i].prefix, len))
			return find_number(sides[i].side, text + len, out);
	}
	return find_number(EXPLAIN_HOST, text, out) ||
	       find_name(leaf_table, leaf_table_len, text, out) || find_vmcall(text, out);
}

size_t explain_leaf_suggest(char *buf, size_t size, const char *text)
{
	struct suggest s = suggest_start(text);

	for (size_t i = 0; i < leaf_table_len; i++)
		suggest_offer(&s, leaf_table[i].name);
	for (size_t i = 0; i < vmcall_table_len; i++)
		suggest_offer(&s, vmcall_table[i].name);
	return suggest_text(&s, buf, size);
}

int explain_reg_index(const char *name)
{
	for (int reg = 0; reg < 16; reg++) {
		if (!strcasecmp(abi_reg_names[reg], name))
			return reg;
	}
	return -1;
}

const char *explain_reg_name(unsigned reg)
{
	return reg < 16 ? abi_reg_names[reg] : NULL;
}

const char *explain_exit_reason(uint16_t basic_reason)
{
	return number_name(exit_reason_table, exit_reason_table_len, basic_reason);
}
